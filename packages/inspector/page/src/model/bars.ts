import type { StepItem } from "../../../src/api.ts";

/** A part of the bar of a step. */
export interface Segment {
  /** `wait`: a sleep, a signal or a child run; `backoff`: between two attempts; `work`: the last attempt. */
  readonly kind: "work" | "failed" | "backoff" | "wait";
  readonly from: number;
  readonly to: number;
  /** It has not ended. */
  readonly isOpen: boolean;
  readonly title: string;
}

const WAITS: ReadonlySet<StepItem["kind"]> = new Set(["sleep", "signal", "child"]);

/** The bar of a step, from left to right, up to its end or up to now. */
export function segmentsOf(step: StepItem, now: number): Segment[] {
  const end = Math.max(step.finishedAt ?? now, step.startedAt);
  const isOpen = step.state === "open";
  if (WAITS.has(step.kind)) return [waitOf(step, end, isOpen)];
  const segments: Segment[] = [];
  let at = step.startedAt;
  for (const { attempt, startedAt, endedAt, error } of step.failedAttempts) {
    if (startedAt > at && segments.length > 0) segments.push(backoff(at, startedAt, attempt, false));
    segments.push({
      kind: "failed",
      from: startedAt,
      to: endedAt,
      isOpen: false,
      title: `Attempt ${attempt}: ${error}`,
    });
    at = endedAt;
  }
  return [...segments, ...lastOf(step, segments.length > 0, at, end)];
}

function waitOf({ startedAt, dueAt = Infinity, kind, target }: StepItem, end: number, isOpen: boolean): Segment {
  const to = isOpen ? Math.max(startedAt, Math.min(end, dueAt)) : end;
  const what = target === undefined || kind === "sleep" ? kind : `${kind} ${target}`;
  return { kind: "wait", from: startedAt, to, isOpen, title: isOpen ? `Waits: ${what}` : `Waited: ${what}` };
}

const backoff = (from: number, to: number, attempt: number, isOpen: boolean): Segment => ({
  kind: "backoff",
  from,
  to,
  isOpen,
  title: `${isOpen ? "Waits" : "Waited"} for attempt ${attempt}`,
});

/** What follows the failed attempts. When the last attempt began is only known where it was due at a time. */
function lastOf(step: StepItem, hasFailed: boolean, from: number, end: number): Segment[] {
  const { state, attempts, failedAttempts, dueAt = from, inLineOf, error } = step;
  if (inLineOf !== undefined)
    return [{ kind: "backoff", from, to: end, isOpen: true, title: `Stands in line of ${inLineOf}` }];
  const number = failedAttempts.length + 1;
  if (state === "open" && hasFailed && dueAt > end) return [backoff(from, end, number, true)];
  if (state === "failed" && hasFailed && failedAttempts.length >= attempts) return [];
  const begin = hasFailed ? Math.min(Math.max(dueAt, from), end) : from;
  const name = number > 1 || attempts > 1 ? `Attempt ${Math.max(number, attempts)}` : "The attempt";
  const last: Segment =
    state === "failed"
      ? { kind: "failed", from: begin, to: end, isOpen: false, title: `${name}: ${error ?? "failed"}` }
      : {
          kind: "work",
          from: begin,
          to: end,
          isOpen: state === "open",
          title: state === "open" ? "Runs" : `${name}: completed`,
        };
  return begin > from ? [backoff(from, begin, number, false), last] : [last];
}
