import type { Write } from "../contract.ts";
import { isFinal } from "../status.ts";
import type { Line } from "./flow/line.ts";
import { OFFERED, TAKEN } from "./flow/items.ts";
import { FIRST } from "./flow/line.ts";
import type { Head } from "./runs.ts";
import type { Steps } from "./steps.ts";
import type { Tables } from "./tables.ts";

/**
 * Applies a batch inside a transaction. A run with several writes is read once; after a write that ends the ownership, later writes of the batch find no
 * owner.
 */
export function applyBatch(tables: Tables, writes: readonly Write[], now: number): boolean[] {
  const heads = new Map<string, Head | undefined>();
  return writes.map((write, index) => {
    const isAlone = !heads.has(write.run) && writes[index + 1]?.run !== write.run;
    if (isAlone && putNext(tables, write)) return true;
    if (!heads.has(write.run)) heads.set(write.run, tables.runs.head(write.run));
    const head = heads.get(write.run);
    if (!head?.owned || head.epoch !== write.epoch) return false;
    if (write.type === "finish" || write.type === "release") heads.set(write.run, undefined);
    return apply(tables, head, write, now);
  });
}

/**
 * Writes one more checkpoint of a run with a single statement, which asks for the owner as well. False: the write is something else, or was refused;
 * then nothing is written. For several of one run it costs less to read the run first.
 */
export function putNext({ steps, sequences }: Tables, write: Write): boolean {
  if (write.type !== "step" || write.consume || write.leaves !== undefined || write.step.seq === undefined)
    return false;
  const { run, epoch, step } = write;
  const number = sequences.numberIfNext(run, epoch, write.step.seq);
  if (number === undefined || !steps.putOwned(number, run, epoch, step)) return false;
  sequences.taken(run, epoch, write.step.seq);
  return true;
}

function apply(tables: Tables, head: Head, write: Write, now: number): boolean {
  switch (write.type) {
    case "step":
      return putStep(tables, head, write, now);
    case "finish":
      finish(tables, head, write, write.at ?? now);
      return true;
    case "release":
      release(tables, head, write, write.at ?? now);
      return true;
    case "progress":
      tables.runs.setProgress(head.number, write.value);
      return true;
    case "stream":
      return tables.streams.append(head.number, write);
    case "code":
      tables.codes.record(write.code, write.modules);
      tables.runs.recode(head.number, write);
      return true;
  }
}

function finish(tables: Tables, head: Head, write: Extract<Write, { type: "finish" }>, at: number): void {
  tables.runs.finish(head.number, write, at);
  tables.sequences.forget(write.run);
  tables.line.endRun(write.run, at);
  wakeWaiters(tables, write.run, head.parent, at);
}

function putStep(
  { steps, signals, sequences, line }: Tables,
  head: Head,
  write: Extract<Write, { type: "step" }>,
  now: number,
): boolean {
  const { run, epoch, step, consume, leaves } = write;
  if (step.seq !== undefined && !sequences.isFree(run, head.number, head.epoch, step.seq)) return false;
  if (consume && !signals.isFree(head.number, consume)) return false;
  if (!steps.put(head.number, step)) return false;
  if (step.seq !== undefined) sequences.taken(run, head.epoch, step.seq);
  if (consume) signals.consume(head.number, consume);
  if (leaves) leaveSlot(line, { run, epoch, step: step.id }, now);
  return true;
}

/** The step gives back its slot, or its place in line. */
export function leaveSlot(
  line: Line,
  { run, epoch, step }: { run: string; epoch: number; step: string },
  at: number,
): void {
  const inLine = line.items.inLine(run, step);
  line.leave(inLine && inLine.epoch <= epoch ? inLine : line.items.taken(run, step, epoch), at);
}

/** After the end of a run, its parent and every other run that waits for it is due. */
export function wakeWaiters({ runs, steps }: Tables, runId: string, parent: string | null, at: number): void {
  if (parent !== null) runs.wakeById(parent, at);
  for (const waiting of steps.waitingForChild(runId)) runs.wake(waiting, at);
}

function release(tables: Tables, head: Head, write: Extract<Write, { type: "release" }>, at: number): void {
  const { blocked } = write;
  if (blocked) tables.line.endRun(write.run, at); // nobody would take what they are offered
  const status =
    write.status === "waiting" && canBeWoken(tables, write.run, head, write.wakeAt) ? "waiting" : "pending";
  const wakeAt = status === "waiting" ? write.wakeAt : undefined;
  tables.runs.release(head.number, { status, wakeAt, blocked, at });
  tables.sequences.forget(write.run);
  if (status === "waiting" && hasNews(tables, write.run, head)) tables.runs.wake(head.number, at);
  if (head.queue !== null && !blocked) releaseSlot(tables, write.run, head, { status, at });
}

/** What becomes of the slot of a run that is released (Q3). */
function releaseSlot(
  { runs, steps, line }: Tables,
  run: string,
  head: Head,
  { status, at }: { readonly status: string; readonly at: number },
): void {
  const item = line.items.ofRun(run);
  const { hold, rank = 0 } = runs.get(run)?.queue ?? {};
  if (!item) return;
  if (status === "pending") line.lineUp(item, head.cancel === null ? rank : FIRST, at);
  else if (hold && status === "waiting" && item.state === TAKEN && steps.openTargets(head.number, "child").length === 0)
    line.items.keep(item.number);
  else line.leave(item, at);
}

/** Whether something will wake the run (S11). */
function canBeWoken({ runs, steps, line }: Tables, run: string, head: Head, wakeAt: number | undefined): boolean {
  const children = steps.openTargets(head.number, "child");
  if (!children.every((id) => runs.head(id) !== undefined)) return false;
  if (wakeAt !== undefined || children.length > 0 || steps.openTargets(head.number, "signal").length > 0) return true;
  return line.items.all(run).some(({ step, state }) => step !== "" && state <= OFFERED);
}

/** Whether an event that the run waits for has already happened. */
function hasNews({ runs, steps, signals, line }: Tables, run: string, head: Head): boolean {
  if (isCancelUndelivered(steps, head)) return true;
  if (line.items.all(run).some(({ step, state }) => step !== "" && state === OFFERED)) return true;
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
