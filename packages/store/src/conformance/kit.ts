import assert from "node:assert/strict";
import type { RunRow, StepRow } from "../contract.ts";
import type { AnyTimedWrite as Write, NewTimedRun as NewRun, TimedStore as Store } from "./timed.ts";

/** Tests by name. Each test gets an empty store. */
export type Cases = Readonly<Record<string, (store: Store) => Promise<void>>>;

/** Each test gets an empty store, and a function that opens further stores on its data. The test closes those. */
export type TwoStoreCases = Readonly<Record<string, (store: Store, reopen: () => Promise<Store>) => Promise<void>>>;

export const T = 1_700_000_000_000;
export const ME = { owner: "me", until: T + 30_000 };
export const OTHER = { owner: "other", until: T + 60_000 };

export function newRun(id: string, given: Partial<NewRun> = {}): NewRun {
  return {
    id,
    workflow: "ship",
    file: "src/ship.ts",
    input: "[1]",
    inputHash: "in",
    code: "c1",
    modules: "[1]",
    seed: "seed",
    createdAt: T,
    ...given,
  };
}

/** Creates a run that `me` owns under epoch 1. */
export async function owned(store: Store, id: string, given: Partial<NewRun> = {}): Promise<RunRow> {
  const { created, run } = await store.createRun(newRun(id, { lease: ME, ...given }));
  assert.equal(created, true);
  return run;
}

/** Creates a run that `me` has released. */
export async function waiting(
  store: Store,
  id: string,
  given: { wakeAt?: number; steps?: StepRow[]; parent?: string } = {},
): Promise<void> {
  const { wakeAt, steps = [], parent } = given;
  await owned(store, id, parent === undefined ? {} : { parent });
  const accepted = await store.commit([
    ...steps.map((row) => step(id, row)),
    release(id, wakeAt === undefined ? {} : { wakeAt }),
  ]);
  assert.ok(accepted.every(Boolean));
}

export function checkpoint(id: string, seq: number, given: Partial<StepRow> = {}): StepRow {
  const outcome = { output: `"${id}"`, startedAt: T, finishedAt: T + seq };
  return { id, kind: "task", state: "completed", seq, inputHash: "h", attempt: 1, ...outcome, ...given };
}

export function openStep(id: string, given: Partial<StepRow> = {}): StepRow {
  return { id, kind: "task", state: "open", inputHash: "h", attempt: 0, startedAt: T, ...given };
}

export const openWait = (id: string, signal: string): StepRow => openStep(id, { kind: "signal", target: signal });
export const openChild = (id: string, child: string): StepRow => openStep(id, { kind: "child", target: child });

export function step(run: string, row: StepRow, given: Partial<Extract<Write, { type: "step" }>> = {}): Write {
  return { type: "step", run, epoch: 1, step: row, ...given };
}

export function finish(run: string, given: Partial<Extract<Write, { type: "finish" }>> = {}): Write {
  return { type: "finish", run, epoch: 1, status: "completed", output: '"done"', unhandled: [], at: T + 100, ...given };
}

export function release(run: string, given: Partial<Extract<Write, { type: "release" }>> = {}): Write {
  return { type: "release", run, epoch: 1, status: "waiting", at: T + 50, ...given };
}

export function code(run: string, given: Partial<Extract<Write, { type: "code" }>> = {}): Write {
  return { type: "code", run, epoch: 1, code: "c2", modules: "[2]", codeSeq: 0, ...given };
}

export async function get(store: Store, id: string): Promise<RunRow> {
  const run = await store.getRun(id);
  assert.ok(run, `the run ${id} exists`);
  return run;
}

/** Checkpoints in the order of `seq`, then open steps in the order of their ids. */
export async function stepIds(store: Store, run: string): Promise<string[]> {
  const rows = await store.steps(run);
  const open = rows.filter(({ seq }) => seq === undefined);
  assert.deepEqual(rows.slice(rows.length - open.length), open, "open steps come last");
  return [...rows.filter(({ seq }) => seq !== undefined).map(({ id }) => id), ...open.map(({ id }) => id).sort()];
}

/** The ids of the runs of the workflow `ship` that may need an owner. */
export async function dueAt(store: Store, now: number): Promise<string[]> {
  const found = await store.unfinished({ workflows: ["ship"], now, limit: 100 });
  return found.map(({ id }) => id);
}

/** The results of concurrent calls. */
export async function together<T>(times: number, call: (place: number) => T | Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, async (_, place) => call(place)));
}
