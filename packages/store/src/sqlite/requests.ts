import type { FinalStatus, PruneFilter, RunRow, Store } from "../contract.ts";
import { isFinal } from "../status.ts";
import type { Timed } from "../timed.ts";
import { isCancelUndelivered, wakeWaiters } from "./commit.ts";
import type { Tables } from "./tables.ts";
import type { Head } from "./runs.ts";

// What users ask of runs. Each function is one transition, called in a transaction.

export function deliver(
  { runs, signals }: Tables,
  { run, name, payload, now }: Timed<Parameters<Store["deliver"]>[0]>,
): boolean {
  const head = runs.head(run);
  if (!head) {
    signals.keepEarly(run, { name, payload }, now);
    return true;
  }
  if (isFinal(head.status)) return false;
  signals.insert(head.number, { name, slot: signals.count(head.number, name), payload }, now);
  runs.wakeIfBegun(head.number, now);
  return true;
}

export function cancel(
  tables: Tables,
  { run, reason, now }: Timed<Parameters<Store["cancel"]>[0]>,
): boolean | undefined {
  const { runs } = tables;
  const head = runs.head(run);
  if (!head) return undefined;
  if (isFinal(head.status)) return false;
  if (head.cancel !== null) return true;
  runs.requestCancel(head.number, reason, now);
  if (head.epoch === 0) endBeforeItBegan(tables, run, head, reason, now);
  else {
    runs.wake(head.number, now);
    tables.line.moveUp(run, now);
  }
  return true;
}

/** Cancels a run that has had no owner. */
export function endBeforeItBegan(
  tables: Tables,
  run: string,
  { number, parent }: Head,
  output: string,
  at: number,
): void {
  tables.runs.finish(number, { status: "cancelled", output, unhandled: [] }, at);
  tables.line.endRun(run, at);
  wakeWaiters(tables, run, parent, at);
}

export function retry({ runs, steps }: Tables, run: string, now: number, force: boolean): boolean | undefined {
  const head = runs.head(run);
  if (!head) return undefined;
  if (head.status !== "failed" || (head.compensated && !force)) return false;
  const forgetCancel = isCancelUndelivered(steps, head);
  if (head.unhandled !== null) steps.deleteFailed(head.number, head.unhandled);
  runs.requeue(head.number, now, forgetCancel);
  return true;
}

export function restart(
  { runs, steps, executions, streams }: Tables,
  run: string,
  now: number,
  seed: string,
): boolean | undefined {
  const head = runs.head(run);
  if (!head) return undefined;
  if (!isFinal(head.status)) return false;
  steps.deleteAll(head.number);
  executions.deleteAll(head.number);
  streams.restart(head.number);
  runs.restart(head.number, seed, now);
  return true;
}

export function fork(
  { runs, steps }: Tables,
  { run, from, id, now }: Timed<Parameters<Store["fork"]>[0]>,
): { created: boolean; run: RunRow } | undefined {
  const original = runs.head(run);
  if (!original) return undefined;
  const seq = steps.seqOf(original.number, from);
  if (seq === undefined) return undefined;
  const created = runs.fork(original.number, id, now);
  if (created) runs.setRank(id, now);
  const forked = runs.head(id);
  if (created && forked) {
    steps.copyBefore(original.number, seq, forked.number);
    if (!steps.hasKind(forked.number, "cancel")) runs.forgetCancel(forked.number);
  }
  const row = runs.get(id);
  return row && { created, run: row };
}

export function unblock({ runs }: Tables, run: string): boolean | undefined {
  const head = runs.head(run);
  return head && runs.unblock(head.number);
}

export function remove(
  tables: Tables,
  { run, now, force = false }: Timed<Parameters<Store["delete"]>[0]>,
): boolean | undefined {
  const head = tables.runs.head(run);
  if (!head) return undefined;
  if (!isFinal(head.status) && (!force || head.owned)) return false;
  drop(tables, { number: head.number, id: run, epoch: head.epoch }, now);
  wakeWaiters(tables, run, head.parent, now);
  return true;
}

const ENDS: readonly FinalStatus[] = ["completed", "failed", "cancelled"];

export function prune(tables: Tables, { status = ENDS, now, ...filter }: Timed<PruneFilter>): number {
  const old = tables.runs.old({ status, ...filter });
  for (const run of old) drop(tables, run, now);
  return old.length;
}

function drop(
  { runs, steps, signals, executions, streams, line }: Tables,
  { number, id, epoch }: { readonly number: number; readonly id: string; readonly epoch: number },
  at: number,
): void {
  steps.deleteAll(number);
  signals.deleteAll(number);
  executions.deleteAll(number);
  streams.deleteAll(number);
  line.endRun(id, at);
  runs.delete({ number, id, epoch, at });
}
