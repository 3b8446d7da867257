import type { Encoded, ExecutionRow, RunRow, SignalRow, StepRow } from "../contract.ts";
import { isFinal } from "../status.ts";
import type { Stream } from "./streams.ts";
import type { HeldLease, TimedRun } from "../timed.ts";

export interface Run {
  row: RunRow;
  /** Position of the run in the order of creation. */
  readonly number: number;
  readonly steps: Map<string, StepRow>;
  readonly seqs: Set<number>;
  /** The last checkpoint that the run had when it was claimed. */
  claimedSeq: number;
  /** Its claims. */
  executions: readonly ExecutionRow[];
  readonly signals: { readonly row: SignalRow; consumed: boolean }[];
  readonly streams: Map<string, Stream>;
  /** Further starts join it (Q6). The inputs so far, and when it is due at the latest. */
  gathering?: { readonly key: string; readonly inputs: readonly Encoded[]; readonly until: number } | undefined;
}

export type Changes = { readonly [K in keyof RunRow]?: RunRow[K] | undefined };

/** @param epoch - of a deleted run with this id */
export function newRun(
  { now, lease: _, modules: __, dueAt: ___, gather: ____, throttle: _____, imported: ______, ...given }: TimedRun,
  number: number,
  epoch = 0,
): Run {
  const fresh: RunRow = {
    ...given,
    status: "pending",
    codeSeq: 0,
    epoch,
    restarts: given.restarts ?? 0,
    stalls: 0,
    startedAt: given.startedAt ?? given.createdAt,
    updatedAt: now,
  };
  return {
    row: fresh,
    number,
    steps: new Map(),
    seqs: new Set(),
    claimedSeq: 0,
    executions: [],
    signals: [],
    streams: new Map(),
  };
}

/** Replaces the row, because callers hold the old row and it must not change. `undefined` removes a field. */
export function change(run: Run, changes: Changes): void {
  const entries = Object.entries({ ...run.row, ...changes }).filter(([, value]) => value !== undefined);
  run.row = Object.fromEntries(entries) as unknown as RunRow;
}

/** The run begins, or goes on, under a new epoch. */
export function own(run: Run, lease: HeldLease, now: number): void {
  const { row } = run;
  const lastSeq = [...run.seqs].reduce((last, seq) => Math.max(last, seq), 0);
  const stalls = lastSeq > run.claimedSeq ? 0 : row.stalls + (row.status === "running" ? 1 : 0);
  run.claimedSeq = lastSeq;
  gathersNoMore(run);
  change(run, {
    status: "running",
    owner: lease.owner,
    leaseUntil: lease.until,
    epoch: row.epoch + 1,
    stalls,
    blocked: undefined,
    wakeAt: undefined,
    beginBy: undefined,
    releasedAt: undefined,
    updatedAt: now,
  });
}

export function gathersNoMore(run: Run): void {
  run.gathering = undefined;
  if (run.row.gathers) change(run, { gathers: undefined });
}

/** A claim of the run: what `own` does, and its record (S19). */
export function claim(run: Run, lease: HeldLease, now: number): void {
  const { owner: from, releasedAt } = run.row;
  own(run, lease, now);
  const found = { ...(from !== undefined && { from }), ...(releasedAt !== undefined && { releasedAt }) };
  run.executions = [...run.executions, { epoch: run.row.epoch, owner: lease.owner, claimedAt: now, ...found }];
}

export function isClaimable(row: RunRow, now: number, from: { owner: string; epoch: number } | undefined): boolean {
  if (isFinal(row.status) || (row.beginBy !== undefined && row.beginBy < now)) return false;
  if (row.owner === undefined || row.leaseUntil === undefined || row.leaseUntil < now) return true;
  return from !== undefined && from.owner === row.owner && from.epoch === row.epoch;
}

export function wake(run: Run, at: number): void {
  if (run.row.status === "waiting") change(run, { wakeAt: Math.min(run.row.wakeAt ?? at, at) });
}

export function ownedRun(runs: Map<string, Run>, id: string, epoch: number): Run | undefined {
  const run = runs.get(id);
  return run && run.row.owner !== undefined && run.row.epoch === epoch ? run : undefined;
}

/** Checkpoints by `seq`, then open steps. */
export function bySeq(a: StepRow, b: StepRow): number {
  if (a.seq === undefined) return b.seq === undefined ? 0 : 1;
  return b.seq === undefined ? -1 : a.seq - b.seq;
}

/** What the order of runs depends on. */
export type Placed = Pick<Run, "number"> & { readonly row: Pick<RunRow, "createdAt" | "wakeAt"> };

export const byAge = (a: Placed, b: Placed): number => a.row.createdAt - b.row.createdAt || a.number - b.number;

/** The next due first; then those that nothing but an event wakes, newest first. */
export function byDue(a: Placed, b: Placed): number {
  const [first = Infinity, second = Infinity] = [a.row.wakeAt, b.row.wakeAt];
  if (first === Infinity && second === Infinity) return byAge(b, a);
  return first === second ? a.number - b.number : first - second;
}
