import type { SignalRow } from "../contract.ts";
import type { Connection } from "./driver.ts";

export type Signals = ReturnType<typeof signalsTable>;

/** All SQL for the table `signals`. `run` is the number of the run. */
export function signalsTable(db: Connection) {
  const insert = db.prepare<unknown[]>("INSERT INTO signals (run, name, slot, payload, at) VALUES (?, ?, ?, ?, ?)");
  const count = db.prepare<[number, string], { total: number; unconsumed: number }>(
    "SELECT count(*) AS total, count(*) FILTER (WHERE consumed = 0) AS unconsumed FROM signals WHERE run = ? AND name = ?",
  );
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

  return {
    insert: (run: number, { name, slot, payload }: SignalRow, at: number): void =>
      void insert.run(run, name, slot, payload, at),
    /** The number of deliveries with this name. */
    count: (run: number, name: string) => count.get(run, name) ?? { total: 0, unconsumed: 0 },
    /** Oldest first. */
    unconsumed: (runId: string): SignalRow[] => unconsumed.all(runId),
    unconsumedNames: (run: number): string[] => unconsumedNames.all(run),
    isFree: (run: number, { name, slot }: SignalRow): boolean => isFree.get(run, name, slot) !== undefined,
    consume: (run: number, { name, slot }: SignalRow): void => void consume.run(run, name, slot),
  };
}
