import { hash } from "./choices.ts";

export type TaskKind = "ok" | "flaky" | "fails" | "fatal";

/** What a program that imports "world" needs of those who run it. A program without labels calls `seen` only. */
export interface Surroundings {
  /** An execution begins. */
  begin(): void;
  /** Names a call; gives the label back, made unique. */
  at(label: string): string;
  /** A duration that no other label has. */
  dur(label: string): number;
  /** The name of a signal. */
  sig(label: string): string;
  /** What a task with a label comes to. */
  work(kind: TaskKind, label: string, more: readonly unknown[], captured?: unknown): Promise<unknown>;
  /** What a task without a label says of its call. */
  seen(...given: unknown[]): void;
}

/** Names calls: what is asked for again, as in a loop, gets a number. */
export class Labels {
  readonly all = new Set<string>();
  private readonly counts = new Map<string, number>();

  take(label: string): string {
    const count = (this.counts.get(label) ?? 0) + 1;
    this.counts.set(label, count);
    const unique = count === 1 ? label : `${label}#${count}`;
    this.all.add(unique);
    return unique;
  }
}

const without = (): never => {
  throw new Error("this program has no labels");
};

/** What generated programs import from "world": functions of their arguments alone, a log, and what the surroundings supply. */
export class World {
  /** What code outside of tasks says, in order, in the latest execution; undefined when there was none. */
  logged: string[] | undefined;

  /** The module's exports. */
  readonly exports;

  constructor(surroundings: Partial<Surroundings>) {
    const {
      begin = () => {},
      at = (label) => label,
      dur = without,
      sig = without,
      work = without,
      seen = without,
    } = surroundings;
    this.exports = {
      ...pure,
      begin: () => {
        this.logged = [];
        begin();
        return { log: this.logged };
      },
      log: (given: unknown): number => this.log.push(show(given)),
      history: (): readonly string[] => this.log,
      at,
      dur,
      sig,
      work,
      seen,
    };
  }

  /** Code that runs without a run has a log too. */
  private get log(): string[] {
    return (this.logged ??= []);
  }
}

/** What a function has collected, as a text that does not grow with each level. */
function done(collected: unknown, how = ""): string {
  const text = show(collected) + how;
  return text.length < 120 ? text : `${text.slice(0, 80)}…${hash(text)}`;
}

class Fault extends Error {
  readonly given: string;

  constructor(...given: unknown[]) {
    super("a fault");
    Object.defineProperty(this, "name", { value: "Fault" });
    this.given = show(given);
  }
}

class Holder {
  readonly held: unknown;

  constructor(held: unknown) {
    this.held = held;
  }
}

const mix = (...given: unknown[]): number => hash(show(given)) % 1000;
const odd = (...given: unknown[]): boolean => mix(...given) % 2 === 1;

export function give(...given: unknown[]): unknown {
  const number = mix(...given);
  const values = [
    number,
    `${number}`,
    { k: number, l: { k: 1 } },
    [number, null],
    undefined,
    null,
    new Date(number),
    new Map([[number, "m"]]),
    new Set([number]),
    BigInt(number),
    number % 2 === 0,
    new Fault(number),
    -0,
    Number.NaN,
  ];
  return values[number % values.length];
}

/** Promises whose failure may be looked at late. */
function quiet<T>(promises: T): T {
  for (const promise of Array.isArray(promises) ? promises : [promises])
    if (promise instanceof Promise) promise.catch(() => {});
  return promises;
}

/** A value as text, the same for values that a store does not keep apart. */
export function show(value: unknown, depth = 0): string {
  if (depth > 6) return "…";
  const inner = (each: unknown): string => show(each, depth + 1);
  if (value instanceof Error) {
    const errors: unknown = value instanceof AggregateError ? value.errors : undefined;
    const own = Object.fromEntries(Object.entries(value).filter(([key]) => key !== "name"));
    return `${value.name}(${[value.message, value.cause, errors, own].map(inner).join(" ")})`;
  }
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Map) return `Map${inner([...value])}`;
  if (value instanceof Set) return `Set${inner([...value])}`;
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, field]) => `${key}: ${inner(field)}`)
      .join(", ")}}`;
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value);
}

const pure = {
  decorated: <F>(method: F): F => method,
  same: <T>(given: T): T => given,
  raw: (texts: TemplateStringsArray, ...given: unknown[]): string => `${texts.raw.join("_")} ${show(given)}`,
  range: (length: number): number[] => Array.from({ length }, (_, index) => index),
  settled: async (promises: readonly unknown[]): Promise<string> =>
    show((await Promise.allSettled(promises)).map((each) => (each.status === "fulfilled" ? each.value : each.reason))),
  done,
  Fault,
  give,
  Holder,
  mix,
  odd,
  quiet,
  show,
};
