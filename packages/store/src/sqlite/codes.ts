import type { Connection } from "./driver.ts";

export type Codes = ReturnType<typeof codesTable>;

/**
 * All SQL for the table `codes`. Code versions are never deleted, so a version that is known to be recorded costs no further query. A version is known
 * only after the commit of the transaction that recorded it, so `settle` must follow each transaction.
 */
export function codesTable(db: Connection) {
  const insert = db.prepare<[string, string]>(
    "INSERT INTO codes (code, modules) VALUES (?, ?) ON CONFLICT (code) DO NOTHING",
  );
  const get = db.prepare<[string], string>("SELECT modules FROM codes WHERE code = ?").pluck();
  const known = new Set<string>();
  const pending = new Set<string>();

  return {
    record(code: string, modules: string): void {
      if (known.has(code) || pending.has(code)) return;
      insert.run(code, modules);
      pending.add(code);
    },
    /** Called at the end of a transaction, committed or not. */
    settle(committed: boolean): void {
      if (committed) for (const code of pending) known.add(code);
      pending.clear();
    },
    get: (code: string): string | undefined => get.get(code),
  };
}
