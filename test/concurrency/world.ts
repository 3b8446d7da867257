import { FatalError } from "../../packages/runtime/src/index.ts";
import { hash } from "./random.ts";

/**
 * What generated programs import from "world". All of it is a pure function of its arguments, but for `work`, and for what `begin`, `at`, `dur`
 * and `sig` write down.
 */
export interface World {
  /** The state that all branches share; the first thing of an execution. */
  begin(): { readonly log: unknown[] };
  /** Names a durable call: `label` is unique in the run. */
  at(label: string): string;
  /** A duration that no other label has. */
  dur(label: string): number;
  /** A signal's name. */
  sig(label: string): string;
  /** What a task does with its arguments, and with what it captured. */
  work(kind: TaskKind, label: string, more: readonly unknown[], captured?: unknown): Promise<unknown>;
  pick(value: unknown, end: number): number;
  tag(value: unknown): string;
  range(length: number): number[];
  quiet<T>(promises: T): T;
}

export type TaskKind = "ok" | "flaky" | "fails" | "fatal";

/** As in the directives of the generated tasks; 3 is the default. */
const retries: Record<TaskKind, number> = { ok: 0, flaky: 3, fails: 1, fatal: 3 };

export type Attempt = { readonly value: unknown } | { readonly error: Error };

/** What an attempt of a task comes to. */
export function attemptOf(kind: TaskKind, label: string, more: readonly unknown[], attempt: number): Attempt {
  const chance = hash(`${kind} ${label}`);
  if (kind === "flaky" && attempt <= chance % 4) return { error: new Error(`attempt ${attempt} of ${label}`) };
  if (kind === "fails" && chance % 2 === 0) return { error: new TypeError(`${label} fails`) };
  if (kind === "fatal" && chance % 2 === 0) return { error: new FatalError(`${label} is fatal`) };
  return { value: valueOf(label, more) };
}

/** What a task comes to in the end. */
export function outcomeOf(kind: TaskKind, label: string, more: readonly unknown[]): Attempt {
  for (let attempt = 1; ; attempt++) {
    const outcome = attemptOf(kind, label, more, attempt);
    if ("value" in outcome || outcome.error instanceof FatalError || attempt > retries[kind]) return outcome;
  }
}

/** Values of several types. */
function valueOf(label: string, more: readonly unknown[]): unknown {
  const number = hash(`${label} ${show(more)}`);
  return [
    `${label}!`,
    number % 100,
    { label, number: number % 7 },
    [label, number % 5],
    undefined,
    null,
    new Date(number),
  ][number % 7];
}

export const payloadOf = (label: string): unknown => ({ signal: label, number: hash(label) % 9 });

/** A value as text, the same for values that are equal in the workflow's eyes. */
export function show(value: unknown): string {
  if (value instanceof Error) return showError(value);
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, field]) => `${key}: ${show(field)}`)
      .join(", ")}}`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const showError = (error: Error): string =>
  `${error.name}(${error.message})${error instanceof AggregateError ? show(error.errors) : ""}`;

const tag = (value: unknown): string => hash(show(value)).toString(36).slice(0, 4);

/** Promises whose failure may be looked at late. */
function quiet<T>(promises: T): T {
  for (const promise of Array.isArray(promises) ? promises : [promises])
    if (promise instanceof Promise) promise.catch(() => {});
  return promises;
}

/** The part of a world that is the same for all. */
export const pure = {
  pick: (value: unknown, end: number): number => hash(show(value)) % end,
  tag,
  range: (length: number): number[] => Array.from({ length }, (_, index) => index),
  quiet,
} satisfies Partial<World>;

/** The durations of a program's sleeps, the same in all its runs. */
export class Durations {
  private readonly durations = new Map<string, number>();
  private readonly labels = new Map<number, string>();

  of(label: string): number {
    const known = this.durations.get(label);
    if (known !== undefined) return known;
    const duration = 1 + (hash(label) % 120) + this.durations.size / 1024;
    this.durations.set(label, duration);
    this.labels.set(duration, label);
    return duration;
  }

  labelOf(duration: number): string {
    return this.labels.get(duration) ?? `a sleep of ${duration} ms`;
  }

  entries(): Iterable<[number, string]> {
    return this.labels.entries();
  }
}

const SIGNAL = "go ";
export const signalName = (label: string): string => SIGNAL + label;
export const signalLabel = (name: string): string => name.slice(SIGNAL.length);
