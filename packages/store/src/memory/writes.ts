import type { RunStatus, SignalRow, StepRow, Write } from "../contract.ts";
import { isFinal } from "../status.ts";
import { leaveAll, untakenSteps } from "./line.ts";
import { change, gathersNoMore, ownedRun, wake, type Run } from "./run.ts";
import { giveBack, leaveStep } from "./slots.ts";
import { append } from "./streams.ts";
import { isCancelUndelivered, openTargets, type Memory } from "./state.ts";

export function apply(memory: Memory, write: Write, now: number): boolean {
  const run = ownedRun(memory.runs, write.run, write.epoch);
  if (!run) return false;
  switch (write.type) {
    case "step":
      if (!putStep(run, write.step, write.consume)) return false;
      if (write.leaves) leaveStep(memory.line, { ...write, step: write.step.id }, now);
      return true;
    case "finish":
      if (write.unhandled.length > 0) change(run, { unhandled: write.unhandled });
      if (write.compensated === true) change(run, { compensated: true });
      end(memory, run, write.status, write.output, write.at ?? now);
      return true;
    case "release":
      release(memory, run, write, write.at ?? now);
      return true;
    case "progress":
      change(run, { progress: write.value });
      return true;
    case "stream":
      return append(run.streams, write);
    case "code":
      change(run, { code: write.code, codeSeq: write.codeSeq, codeHistory: write.codeHistory });
      return true;
  }
}

function putStep(run: Run, step: StepRow, consume: SignalRow | undefined): boolean {
  const found = run.steps.get(step.id);
  if (found && found.state !== "open") return false;
  if (step.seq !== undefined && run.seqs.has(step.seq)) return false;
  const delivery = consume && run.signals.find(({ row }) => row.name === consume.name && row.slot === consume.slot);
  if (consume && (!delivery || delivery.consumed)) return false;
  if (delivery) delivery.consumed = true;
  if (step.seq !== undefined) run.seqs.add(step.seq);
  run.steps.set(step.id, { ...step });
  return true;
}

export function end({ runs, line }: Memory, run: Run, status: RunStatus, output: string, at: number): void {
  const released = run.row.owner === undefined ? {} : { releasedAt: at };
  change(run, {
    status,
    output,
    owner: undefined,
    leaseUntil: undefined,
    wakeAt: undefined,
    beginBy: undefined,
    endBy: undefined,
    ...released,
    updatedAt: at,
  });
  gathersNoMore(run);
  leaveAll(line, run.row.id, at);
  for (const other of runs.values()) {
    if (other.row.status !== "waiting") continue;
    if (other.row.id === run.row.parent || openTargets(other, "child").includes(run.row.id)) wake(other, at);
  }
}

function release(
  memory: Memory,
  run: Run,
  { status: wanted, wakeAt, blocked }: Extract<Write, { type: "release" }>,
  at: number,
): void {
  if (blocked) leaveAll(memory.line, run.row.id, at); // nobody would take what they are offered
  const status = wanted === "waiting" && canBeWoken(memory, run, wakeAt) ? "waiting" : "pending";
  change(run, {
    status,
    blocked,
    wakeAt: status === "waiting" ? wakeAt : undefined,
    owner: undefined,
    leaseUntil: undefined,
    releasedAt: at,
    updatedAt: at,
  });
  giveBack(memory.line, run, at);
  if (hasNews(memory, run)) wake(run, at);
}

/** Whether something will wake the run (S11). */
function canBeWoken({ runs, line }: Memory, run: Run, wakeAt: number | undefined): boolean {
  const children = openTargets(run, "child");
  if (!children.every((id) => runs.has(id))) return false;
  if (wakeAt !== undefined || children.length > 0 || openTargets(run, "signal").length > 0) return true;
  return untakenSteps(line, run.row.id).length > 0;
}

/** Whether an event that the run waits for has already happened. */
function hasNews({ runs, line }: Memory, run: Run): boolean {
  if (isCancelUndelivered(run)) return true;
  if (untakenSteps(line, run.row.id).some(({ state }) => state === "offered")) return true;
  const waits = openTargets(run, "signal");
  if (run.signals.some(({ row, consumed }) => !consumed && waits.includes(row.name))) return true;
  return openTargets(run, "child").some((id) => {
    const child = runs.get(id);
    return child !== undefined && isFinal(child.row.status);
  });
}
