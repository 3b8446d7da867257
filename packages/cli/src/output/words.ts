import ms from "ms";
import type { RunStatus, StepInfo, Wait } from "perdure";
import type { Terminal } from "./terminal.ts";

/** A status as it is shown: `blocked` is one for people. */
export const statusOf = ({ status, blocked }: { readonly status: RunStatus; readonly blocked?: object }): string =>
  blocked ? "blocked" : status;

export function colored({ colors }: Terminal, status: string): string {
  if (status === "completed") return colors.green(status);
  if (status === "failed" || status === "blocked") return colors.red(status);
  if (status === "running") return colors.cyan(status);
  return status === "cancelled" ? colors.yellow(status) : colors.dim(status);
}

/** Milliseconds for people: `12ms`, `3s`, `2h`. */
const span = (milliseconds: number): string => ms(Math.max(0, Math.round(milliseconds)));

export const since = (from: Date, to: Date): string => span(to.getTime() - from.getTime());

/** A time on a terminal: how long ago, or how far ahead. */
export function relative(date: Date, now = new Date()): string {
  const distance = date.getTime() - now.getTime();
  return distance > 0 ? `in ${span(distance)}` : `${span(-distance)} ago`;
}

/** What a run waits for. */
export function waitText(wait: Wait, time: (date: Date) => string): string {
  const { kind, name, run, until } = wait;
  if (kind === "queue") {
    const { queue = "", key, since } = wait;
    const turn = name === undefined ? "its turn" : `the turn of ${name}`;
    return `${turn} in line of ${queue}${key === undefined ? "" : ` (key ${key})`}${since ? `, came ${time(since)}` : ""}`;
  }
  const end = until ? ` until ${time(until)}` : "";
  if (kind === "signal") return `signal ${name ?? ""}${end && ` (timeout ${time(until ?? new Date())})`}`;
  if (kind === "child") return `run ${run ?? ""}`;
  return kind === "retry" ? `next attempt of ${name ?? "a task"}${until ? ` ${time(until)}` : ""}` : `sleep${end}`;
}

export const durationOf = ({ startedAt, finishedAt }: StepInfo, now: Date): string =>
  since(startedAt, finishedAt ?? now);
