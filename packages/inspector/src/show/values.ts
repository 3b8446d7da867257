import { inspect, stripVTControlCharacters, types, type InspectOptions } from "node:util";
import type { ClassCodec, Codec } from "perdure";
import { createCodec } from "perdure/tools";

/** An instance of a class of the program, as its data: the command does not load the program. */
class Instance {
  readonly className: string;
  readonly data: unknown;

  constructor(className: string, data: unknown) {
    this.className = className;
    this.data = data;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.className} ${inspect(this.data, options)}`;
  }
}

/** How devalue writes the kind of a value whose class the program has registered. */
const REGISTERED = /\["class:((?:[^"\\]|\\.)*)"/gu;

const classNamed = (name: string): ClassCodec => ({
  type: class Unused {},
  name,
  encode: (value) => value,
  decode: (data) => new Instance(name, data),
});

/** An error of a class of the program: `src/errors.ts#Declined` becomes an `Error` whose class is called `Declined`. */
function errorPrototype(stored: string): object {
  const name = /[^#/ ]+$/u.exec(stored)?.[0] ?? stored;
  const Named = { [name]: class extends Error {} }[name] ?? Error;
  return Object.defineProperty(Named.prototype, "name", { value: name, configurable: true, writable: true }) as object;
}

/** Reads the values of every program without its classes. */
export function readableCodec(): Codec {
  const errors = { nameOf: () => undefined, prototypeOf: errorPrototype };
  const plain = createCodec([], errors);
  return {
    encode: (value) => plain.encode(value),
    decode(text) {
      const names = new Set([...text.matchAll(REGISTERED)].map(([, name]) => JSON.parse(`"${name}"`) as string));
      return names.size === 0 ? plain.decode(text) : createCodec([...names].map(classNamed), errors).decode(text);
    },
  };
}

/** The value as JSON can hold it. What JSON does not know is an object with one key that begins with `$`. */
export function toJson(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value === "number") return Number.isFinite(value) ? value : { $number: String(value) };
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value)) return { $circular: above.length - above.indexOf(value) };
  const inner = (part: unknown): unknown => toJson(part, [...above, value]);
  const fields = (from: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(from).map(([key, part]) => [key, inner(part)]));
  if (Array.isArray(value)) return Array.from(value, (part) => inner(part) ?? null);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? { $date: "invalid" } : value.toISOString();
  if (value instanceof Instance) return { $class: value.className, data: inner(value.data) };
  if (value instanceof Error) return { ...errorFields(value, inner), ...fields(value) };
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [inner(key), inner(item)]) };
  if (value instanceof Set) return { $set: [...value].map(inner) };
  if (types.isBoxedPrimitive(value)) return inner(value.valueOf());
  if (value instanceof URL || value instanceof URLSearchParams || value instanceof RegExp) return String(value);
  if (ArrayBuffer.isView(value)) return bytes(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return bytes(Buffer.from(value));
  return fields(value);
}

const bytes = (data: Buffer): object => ({ $bytes: data.toString("base64") });

function errorFields(error: Error, inner: (part: unknown) => unknown): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: inner(cause) }),
    ...(error instanceof AggregateError && { errors: inner(error.errors) }),
  };
}

/** The value on a few lines. It has no colours: `inspect` lets the control characters of an error's message through, and these are removed. */
export const toText = (value: unknown): string =>
  value instanceof Error
    ? headline(value)
    : safe(inspect(value, { depth: 4, maxArrayLength: 50, maxStringLength: 2_000, breakLength: 100 }));

/** `Name: message` of an error, on one line, of which a long one is cut. */
export const headline = (error: unknown): string =>
  readable(() => {
    if (!(error instanceof Error))
      return oneLine(typeof error === "string" ? error : inspect(error, { depth: 1, breakLength: Infinity }));
    return oneLine(error.message === "" ? error.name : `${error.name}: ${error.message}`);
  });

/** What `read` makes of a value. A class of the program may have a getter, or an `inspect.custom`, that throws. */
export function readable(read: () => string): string {
  try {
    return read();
  } catch {
    return "[cannot be shown: a getter or inspect.custom of its class threw]";
  }
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;

/** Text of a program without what would steer a terminal. */
export const safe = (text: string): string => stripVTControlCharacters(text).replace(CONTROL, "�");

/** Characters of a line: the whole text is in the details. */
const LONGEST = 2_000;

/** The first line of the text. */
export function oneLine(text: string): string {
  const [line = ""] = text.slice(0, LONGEST + 1).split("\n", 1);
  return safe(line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line).replaceAll("\t", " ");
}
