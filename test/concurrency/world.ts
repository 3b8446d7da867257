import { FatalError } from "perdure";
import { hash } from "../random-programs/choices.ts";
import { give, type TaskKind } from "../random-programs/world.ts";

/** As in the directives of the generated tasks; 3 is the default. */
const retries: Record<TaskKind, number> = { ok: 0, flaky: 3, fails: 1, fatal: 3 };

export type Attempt = { readonly value: unknown } | { readonly error: Error };

/** What an attempt of a task comes to. */
export function attemptOf(kind: TaskKind, label: string, more: readonly unknown[], attempt: number): Attempt {
  const chance = hash(`${kind} ${label}`);
  if (kind === "flaky" && attempt <= chance % 4) return { error: new Error(`attempt ${attempt} of ${label}`) };
  if (kind === "fails" && chance % 2 === 0) return { error: new TypeError(`${label} fails`) };
  if (kind === "fatal" && chance % 2 === 0) return { error: new FatalError(`${label} is fatal`) };
  return { value: give(label, more) };
}

/** What a task comes to in the end. */
export function outcomeOf(kind: TaskKind, label: string, more: readonly unknown[]): Attempt {
  for (let attempt = 1; ; attempt++) {
    const outcome = attemptOf(kind, label, more, attempt);
    if ("value" in outcome || outcome.error instanceof FatalError || attempt > retries[kind]) return outcome;
  }
}

/** Of every cancellation. */
export const REASON = { why: "enough" };

export const payloadOf = (label: string): unknown => ({ signal: label, number: hash(label) % 9 });

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
