import type { Connection } from "./driver.ts";

export type Codes = ReturnType<typeof codesTable>;

/**
 * All SQL about the table `codes`. A code that is known to be recorded costs nothing more: nobody ever deletes one. It is known once a transaction that
 * recorded it has been committed, so `settle` has to follow each transaction.
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
    /** The transaction that may have recorded something has ended. */
    settle(committed: boolean): void {
      if (committed) for (const code of pending) known.add(code);
      pending.clear();
    },
    get: (code: string): string | undefined => get.get(code),
  };
}
