import type { Connection } from "./driver.ts";

export interface Transactions {
  /** All that `work` writes, or nothing. Takes the write lock first, so that what it reads is still so when it writes. */
  write<T>(work: () => T): T;
  /** All that `work` reads, of one moment. */
  read<T>(work: () => T): T;
}

export function transactions(db: Connection): Transactions {
  const immediate = db.prepare("BEGIN IMMEDIATE");
  const deferred = db.prepare("BEGIN");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");

  const within = <T>(begin: typeof immediate, work: () => T): T => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      // Some errors, such as a full disk, have rolled back already.
      if (db.inTransaction) rollback.run();
      throw error;
    }
  };

  return { write: (work) => within(immediate, work), read: (work) => within(deferred, work) };
}
