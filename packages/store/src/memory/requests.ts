import type { PruneFilter, Wakeup } from "../contract.ts";
import { isFinal } from "../status.ts";
import { timedRun } from "../timed.ts";
import { matches } from "./lists.ts";
import { leaveAll } from "./line.ts";
import { byAge, change, gathersNoMore, newRun, ownedRun, wake, type Run } from "./run.ts";
import { moveUp } from "./slots.ts";
import { isCancelUndelivered, openTargets, type Memory } from "./state.ts";
import { restartStreams } from "./streams.ts";
import { end } from "./writes.ts";

export function deliver(run: Run, name: string, payload: string, now: number): boolean {
  if (isFinal(run.row.status)) return false;
  const slot = run.signals.filter(({ row }) => row.name === name).length;
  run.signals.push({ row: { name, slot, payload }, consumed: false });
  if (run.row.releasedAt !== undefined) wake(run, now);
  return true;
}

export function wakeup(runs: Map<string, Run>, id: string, epoch: number): Wakeup {
  const run = runs.get(id);
  const signals = run ? run.signals.filter(({ consumed }) => !consumed).map(({ row }) => row) : [];
  const state = { run: id, owned: ownedRun(runs, id, epoch) !== undefined, signals };
  return run?.row.cancel === undefined ? state : { ...state, cancel: run.row.cancel };
}

export function cancel(memory: Memory, run: Run, reason: string, now: number): boolean {
  if (isFinal(run.row.status)) return false;
  if (run.row.cancel !== undefined) return true;
  if (run.row.epoch === 0) {
    cancelAtOnce(memory, run, reason, now);
    return true;
  }
  request(run, reason, now);
  gathersNoMore(run);
  wake(run, now);
  moveUp(memory.line, run.row.id, now);
  return true;
}

/** Cancels a run that has not begun. */
export function cancelAtOnce(memory: Memory, run: Run, reason: string, now: number): void {
  request(run, reason, now);
  end(memory, run, "cancelled", reason, now);
}

/** The first request to cancel stays. */
function request(run: Run, reason: string, now: number): void {
  change(run, { cancel: run.row.cancel ?? reason, blocked: undefined, updatedAt: now });
}

export function retry(run: Run, now: number, force: boolean): boolean {
  if (run.row.status !== "failed" || (run.row.compensated && !force)) return false;
  const forgotten = isCancelUndelivered(run) ? { cancel: undefined } : {};
  for (const id of run.row.unhandled ?? []) {
    const step = run.steps.get(id);
    if (step?.state !== "failed") continue;
    run.steps.delete(id);
    if (step.seq !== undefined) run.seqs.delete(step.seq);
  }
  const undone = { output: undefined, unhandled: undefined, compensated: undefined };
  change(run, { status: "pending", ...undone, updatedAt: now, ...forgotten });
  return true;
}

export function restart(run: Run, now: number, seed: string): boolean {
  if (!isFinal(run.row.status)) return false;
  run.steps.clear();
  run.seqs.clear();
  run.claimedSeq = 0;
  run.executions = [];
  restartStreams(run.streams);
  change(run, {
    status: "pending",
    output: undefined,
    unhandled: undefined,
    compensated: undefined,
    cancel: undefined,
    codeSeq: 0,
    codeHistory: undefined,
    seed,
    progress: undefined,
    releasedAt: undefined,
    queue: run.row.queue && { ...run.row.queue, rank: now },
    beginBy: undefined,
    endBy: undefined,
    restarts: run.row.restarts + 1,
    stalls: 0,
    createdAt: now,
    startedAt: now,
    updatedAt: now,
  });
  return true;
}

export function fork(
  { row, steps }: Run,
  seq: number,
  to: { readonly id: string; readonly now: number; readonly number: number; readonly epoch: number | undefined },
): Run {
  const { workflow, file, input, inputHash, code, codeHistory, seed, tags, batch, queue } = row;
  const given = { id: to.id, workflow, file, input, inputHash, code, modules: "", seed };
  const optional = { ...(codeHistory !== undefined && { codeHistory }), ...(tags && { tags }) };
  const run = newRun(timedRun({ ...given, ...optional }, to.now), to.number, to.epoch);
  const copied = [...steps.values()].filter((step) => step.seq !== undefined && step.seq < seq);
  for (const step of copied) {
    run.steps.set(step.id, step);
    if (step.seq !== undefined) run.seqs.add(step.seq);
  }
  const cancel = copied.some(({ kind }) => kind === "cancel") ? row.cancel : undefined;
  change(run, { forkOf: row.id, codeSeq: row.codeSeq, startedAt: row.startedAt, cancel, batch });
  change(run, { queue: queue && { ...queue, rank: to.now } });
  return run;
}

export function remove({ runs, deleted, line }: Memory, run: Run, now: number, force: boolean): boolean {
  const { id, status, owner, parent, epoch } = run.row;
  if (!isFinal(status) && (!force || owner !== undefined)) return false;
  leaveAll(line, id, now);
  runs.delete(id);
  deleted.set(id, epoch);
  for (const other of runs.values())
    if (other.row.id === parent || openTargets(other, "child").includes(id)) wake(other, now);
  return true;
}

export function prune(
  { runs, deleted }: Memory,
  { endedBefore, status, workflow, keep = 0, limit }: PruneFilter,
): number {
  const awaited = new Set([...runs.values()].flatMap((run) => openTargets(run, "child")));
  const kept = new Map<string, number>();
  const old = [...runs.values()]
    .filter(({ row }) => isFinal(row.status) && matches<string>(status, row.status) && matches(workflow, row.workflow))
    .sort((a, b) => byAge(b, a))
    .filter(({ row }) => {
      const number = (kept.get(row.workflow) ?? 0) + 1;
      kept.set(row.workflow, number);
      return number > keep;
    })
    .filter(({ row }) => row.updatedAt < endedBefore && !awaited.has(row.id))
    .reverse()
    .slice(0, Math.max(0, limit));
  for (const { row } of old) {
    runs.delete(row.id);
    deleted.set(row.id, row.epoch);
  }
  return old.length;
}
