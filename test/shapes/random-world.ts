/** What generated programs import from "world": pure functions, and what they say that they do. */
export class World {
  /** What code outside of tasks says, in order, since the last `begin`. */
  logged: string[] = [];
  began = false;
  /** The calls of tasks. */
  readonly calls: string[] = [];
  private readonly isStep: () => boolean;

  /** @param isStep - whether the task that runs here is a step, when all of them have to be */
  constructor(isStep: () => boolean = () => true) {
    this.isStep = isStep;
  }

  /** The module's exports. */
  readonly exports = {
    begin: (): void => {
      this.began = true;
      this.logged = [];
    },
    log: (given: unknown): void => void this.logged.push(show(given)),
    seen: (...given: unknown[]): void => {
      this.calls.push(`${show(given)}${this.isStep() ? "" : " outside of a step"}`);
    },
    decorated: <F>(method: F): F => method,
    same: <T>(given: T): T => given,
    raw: (texts: TemplateStringsArray, ...given: unknown[]): string => `${texts.raw.join("_")} ${show(given)}`,
    settled: async (promises: readonly unknown[]): Promise<string> =>
      show(
        (await Promise.allSettled(promises)).map((each) => (each.status === "fulfilled" ? each.value : each.reason)),
      ),
    done,
    Fault,
    give,
    Holder,
    mix,
    odd,
    show,
  };
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

function give(...given: unknown[]): unknown {
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

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}
