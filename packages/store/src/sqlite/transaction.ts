import type { Connection } from "./driver.ts";

export interface Transactions {
  /** Commits all writes of `work`, or none. Takes the write lock first, so that its reads are still valid when it writes. */
  write<T>(work: () => T): T;
  /** Gives all reads of `work` the same snapshot. */
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
      // After some errors, such as a full disk, SQLite has already rolled back.
      if (db.inTransaction) rollback.run();
      throw error;
    }
  };

  return { write: (work) => within(immediate, work), read: (work) => within(deferred, work) };
}
