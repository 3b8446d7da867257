import type { Write } from "../contract.ts";
import type { Codes } from "./codes.ts";
import { isFinal } from "../status.ts";
import type { Executions } from "./executions.ts";
import type { Head, Runs } from "./runs.ts";
import type { Schedules } from "./schedules.ts";
import type { Sequences } from "./sequences.ts";
import type { Signals } from "./signals.ts";
import type { Steps } from "./steps.ts";

export interface Tables {
  readonly runs: Runs;
  readonly steps: Steps;
  readonly signals: Signals;
  readonly sequences: Sequences;
  readonly codes: Codes;
  readonly executions: Executions;
  readonly schedules: Schedules;
}

/** Applies a batch inside a transaction. Each run is read once; after a write that ends the ownership, later writes of the batch find no owner. */
export function applyBatch(tables: Tables, writes: readonly Write[]): boolean[] {
  const heads = new Map<string, Head | undefined>();
  return writes.map((write) => {
    if (!heads.has(write.run)) heads.set(write.run, tables.runs.head(write.run));
    const head = heads.get(write.run);
    if (!head?.owned || head.epoch !== write.epoch) return false;
    if (write.type === "finish" || write.type === "release") heads.set(write.run, undefined);
    return apply(tables, head, write);
  });
}

/**
 * Writes one more checkpoint of a run with a single statement, which asks for the owner as well. False: the write is something else, or was refused;
 * then nothing is written. In a batch, where a run may have several, it costs less to read the run first.
 */
export function putNext({ steps, sequences }: Tables, write: Write): boolean {
  if (write.type !== "step" || write.consume || write.step.seq === undefined) return false;
  const { run, epoch, step } = write;
  const number = sequences.numberIfNext(run, epoch, write.step.seq);
  if (number === undefined || !steps.putOwned(number, run, epoch, step)) return false;
  sequences.taken(run, epoch, write.step.seq);
  return true;
}

function apply(tables: Tables, head: Head, write: Write): boolean {
  switch (write.type) {
    case "step":
      return putStep(tables, head, write);
    case "finish":
      tables.runs.finish(head.number, write);
      tables.sequences.forget(write.run);
      wakeWaiters(tables, write.run, head.parent, write.at);
      return true;
    case "release":
      release(tables, head, write);
      return true;
    case "progress":
      tables.runs.setProgress(head.number, write.value);
      return true;
    case "code":
      tables.codes.record(write.code, write.modules);
      tables.runs.recode(head.number, write);
      return true;
  }
}

function putStep({ steps, signals, sequences }: Tables, head: Head, write: Extract<Write, { type: "step" }>): boolean {
  const { run, step, consume } = write;
  if (step.seq !== undefined && !sequences.isFree(run, head.number, head.epoch, step.seq)) return false;
  if (consume && !signals.isFree(head.number, consume)) return false;
  if (!steps.put(head.number, step)) return false;
  if (step.seq !== undefined) sequences.taken(run, head.epoch, step.seq);
  if (consume) signals.consume(head.number, consume);
  return true;
}

/** After the end of a run, its parent and every other run that waits for it is due. */
export function wakeWaiters({ runs, steps }: Tables, runId: string, parent: string | null, at: number): void {
  if (parent !== null) runs.wakeById(parent, at);
  for (const waiting of steps.waitingForChild(runId)) runs.wake(waiting, at);
}

function release(tables: Tables, head: Head, write: Extract<Write, { type: "release" }>): void {
  const { at, blocked } = write;
  const status = write.status === "waiting" && canBeWoken(tables, head, write.wakeAt) ? "waiting" : "pending";
  const wakeAt = status === "waiting" ? write.wakeAt : undefined;
  tables.runs.release(head.number, { status, wakeAt, blocked, at });
  tables.sequences.forget(write.run);
  if (status === "waiting" && hasNews(tables, head)) tables.runs.wake(head.number, at);
}

/** Whether something will wake the run (S11). */
function canBeWoken({ runs, steps }: Tables, head: Head, wakeAt: number | undefined): boolean {
  const children = steps.openTargets(head.number, "child");
  if (!children.every((id) => runs.head(id) !== undefined)) return false;
  return wakeAt !== undefined || children.length > 0 || steps.openTargets(head.number, "signal").length > 0;
}

/** Whether an event that the run waits for has already happened. */
function hasNews({ runs, steps, signals }: Tables, head: Head): boolean {
  if (isCancelUndelivered(steps, head)) return true;
  const delivered = signals.unconsumedNames(head.number);
  if (delivered.length > 0 && steps.openTargets(head.number, "signal").some((name) => delivered.includes(name)))
    return true;
  return steps.openTargets(head.number, "child").some((id) => {
    const child = runs.head(id);
    return child !== undefined && isFinal(child.status);
  });
}

export function isCancelUndelivered(steps: Steps, head: Head): boolean {
  return head.cancel !== null && !steps.hasKind(head.number, "cancel");
}
