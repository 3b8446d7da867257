import type { SignalRow } from "../contract.ts";
import { EARLY_SIGNAL_LIFETIME } from "../status.ts";
import type { Connection } from "./driver.ts";

export type Signals = ReturnType<typeof signalsTable>;

/** All SQL for the table `signals`. `run` is the number of the run. */
export function signalsTable(db: Connection) {
  const insert = db.prepare<unknown[]>("INSERT INTO signals (run, name, slot, payload, at) VALUES (?, ?, ?, ?, ?)");
  const count = db.prepare<[number, string], number>("SELECT count(*) FROM signals WHERE run = ? AND name = ?").pluck();
  const insertEarly = db.prepare<unknown[]>(
    "INSERT INTO early_signals (run_id, name, at, payload) VALUES (?, ?, ?, ?)",
  );
  const pruneEarly = db.prepare<[number]>("DELETE FROM early_signals WHERE at < ?");
  const adoptEarly = db.prepare<{ id: string }>(
    `INSERT INTO signals (run, name, slot, payload, at)
     SELECT (SELECT number FROM runs WHERE id = @id), name, row_number() OVER (PARTITION BY name ORDER BY number) - 1, payload, at
     FROM early_signals WHERE run_id = @id ORDER BY number`,
  );
  const hasEarly = db.prepare<[string], 1>("SELECT 1 FROM early_signals WHERE run_id = ? LIMIT 1").pluck();
  const dropEarly = db.prepare<[string]>("DELETE FROM early_signals WHERE run_id = ?");
  const unconsumed = db.prepare<[string], SignalRow>(
    `SELECT name, slot, payload FROM signals WHERE run = (SELECT number FROM runs WHERE id = ?) AND consumed = 0 ORDER BY number`,
  );
  const unconsumedNames = db
    .prepare<[number], string>("SELECT name FROM signals WHERE run = ? AND consumed = 0")
    .pluck();
  const isFree = db
    .prepare<[number, string, number], 1>(
      "SELECT 1 FROM signals WHERE run = ? AND name = ? AND slot = ? AND consumed = 0",
    )
    .pluck();
  const consume = db.prepare<[number, string, number]>(
    "UPDATE signals SET consumed = 1 WHERE run = ? AND name = ? AND slot = ?",
  );
  const deleteAll = db.prepare<[number]>("DELETE FROM signals WHERE run = ?");

  return {
    insert: (run: number, { name, slot, payload }: SignalRow, at: number): void =>
      void insert.run(run, name, slot, payload, at),
    /** The number of deliveries with this name. */
    count: (run: number, name: string): number => count.get(run, name) ?? 0,
    /** Keeps a delivery for a run that does not exist yet, and drops those that are too old. */
    keepEarly(runId: string, { name, payload }: Omit<SignalRow, "slot">, at: number): void {
      pruneEarly.run(at - EARLY_SIGNAL_LIFETIME);
      insertEarly.run(runId, name, at, payload);
    },
    /** Gives a new run the deliveries that were kept for it. */
    adoptEarly(runId: string): void {
      if (hasEarly.get(runId) === undefined) return;
      adoptEarly.run({ id: runId });
      dropEarly.run(runId);
    },
    /** Oldest first. */
    unconsumed: (runId: string): SignalRow[] => unconsumed.all(runId),
    unconsumedNames: (run: number): string[] => unconsumedNames.all(run),
    isFree: (run: number, { name, slot }: SignalRow): boolean => isFree.get(run, name, slot) !== undefined,
    deleteAll: (run: number): void => void deleteAll.run(run),
    consume: (run: number, { name, slot }: SignalRow): void => void consume.run(run, name, slot),
  };
}
