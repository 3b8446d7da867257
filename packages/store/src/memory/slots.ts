import type { HeldLease } from "../timed.ts";
import {
  enter,
  fill,
  FIRST,
  isInLine,
  isOffered,
  itemOfRun,
  itemOfStep,
  leave,
  lineUp,
  take,
  type Item,
  type Line,
} from "./line.ts";
import { change, type Run } from "./run.ts";
import { openTargets } from "./state.ts";

/** Its rank in line: a run that is requested to cancel comes first (Q2). */
export function rankOf({ cancel, queue }: Run["row"]): number {
  return cancel === undefined ? (queue?.rank ?? 0) : FIRST;
}

/** Puts a new run in line, or one that has left it. */
export function enterRun(line: Line, { row }: Run, now: number): Item | undefined {
  if (!row.queue) return undefined;
  const { id: run, workflow, epoch } = row;
  const who = { run, step: undefined, workflow, epoch, isStart: epoch === 0, lent: false };
  return enter(line, { ...row.queue, rank: rankOf(row) }, who, now);
}

/** Takes the slot that the run needs to be claimed (Q3). False: it stands in line. */
export function takeForRun(line: Line, run: Run, lease: HeldLease, now: number): boolean {
  if (!run.row.queue) return true;
  const found = itemOfRun(line, run.row.id);
  if (found && found.state !== "taken" && !isOffered(found, now)) fill(line, found.queue, now);
  const item = found ?? enterRun(line, run, now);
  if (item && (item.state === "taken" || isOffered(item, now))) {
    take(line, item, { ...lease, epoch: run.row.epoch + 1 }, now);
    return true;
  }
  if (!found)
    change(run, { status: "pending", owner: undefined, leaseUntil: undefined, wakeAt: undefined, blocked: undefined });
  return false;
}

/** The run was released: it gives its slot back, stands in line again, or keeps the slot without an owner (Q3). */
export function giveBack(line: Line, run: Run, at: number): void {
  const { id, status, queue } = run.row;
  const item = itemOfRun(line, id);
  if (!item) return;
  const holds = queue?.hold === true && item.state === "taken" && openTargets(run, "child").length === 0;
  if (status === "waiting" && !holds) leave(line, [item], at);
  else if (status === "waiting") Object.assign(item, { owner: undefined, until: undefined });
  else {
    lineUp(line, item, rankOf(run.row));
    fill(line, item.queue, at);
  }
}

/** The request to cancel it brings a run to the front (Q2). */
export function moveUp(line: Line, run: string, now: number): void {
  const item = itemOfRun(line, run);
  if (!item || !isInLine(item)) return;
  item.rank = FIRST;
  fill(line, item.queue, now);
}

export function leaveStep(
  line: Line,
  step: { readonly run: string; readonly step: string; readonly epoch: number },
  now: number,
): void {
  const item = itemOfStep(line, step);
  const isLeft = item && (item.state === "taken" ? item.epoch === step.epoch : item.epoch <= step.epoch);
  if (isLeft) leave(line, [item], now);
}
