import { PerdureError } from "@perdure/protocol";
import { guarded, textOf } from "./describe.ts";
import { CancelledError, FatalError, ProcessDiedError, RetryableError, TimeoutError } from "./errors.ts";
import { withoutOwnFrames } from "../own-frames.ts";
import { define } from "./plain.ts";

/** An error as data. Its class comes first, so that a cycle through the error finds it. */
export interface ErrorData {
  /** The nearest class that Perdure, JavaScript or the platform defines. */
  readonly type: string;
  /** The stored name of the nearest class of the program. */
  readonly class?: string;
  /** What the constructor of a DOMException needs. */
  readonly name?: string;
  readonly message?: string;
  /** Own properties that are not enumerable, and what an error inherits: usually the message, the stack, the cause. */
  readonly hidden: Readonly<Record<string, unknown>>;
  /** Own enumerable properties. */
  readonly own?: Readonly<Record<string, unknown>>;
}

/** The error classes of the program, by stored name. */
export interface ErrorClasses {
  nameOf(prototype: object): string | undefined;
  prototypeOf(name: string): object | undefined;
}

type ErrorClass = abstract new (...args: never[]) => Error;

const perdureClasses: readonly ErrorClass[] = [
  FatalError,
  RetryableError,
  TimeoutError,
  CancelledError,
  ProcessDiedError,
  PerdureError,
];
const builtInNames = [
  "Error",
  "AggregateError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SuppressedError",
  "SyntaxError",
  "TypeError",
  "URIError",
];

const prototypes = new Map<string, object>(
  [
    ...perdureClasses,
    ...builtInNames.map((name) => (globalThis as unknown as Record<string, ErrorClass | undefined>)[name]),
  ].flatMap((type) => (type ? [[type.name, type.prototype as object]] : [])),
);

/** Fields that are text in nearly every error. Anything but a primitive is made text. */
const texts: readonly string[] = ["name", "message", "stack"];

/** Why a field cannot be stored; undefined when it can. `depth`: its levels below the error, since the data of the error has some. */
type ProblemWith = (field: unknown, depth: number) => string | undefined;

/**
 * The error as data. What cannot be stored of it is left out: functions, sockets, getters that throw. A cause or a member of an
 * AggregateError that cannot be stored is replaced by text that says so. So the error itself is always storable. Reads each field once.
 */
export function encodeError(error: Error, classes: ErrorClasses, problemWith: ProblemWith): ErrorData {
  const type = typeOf(error);
  const name = guarded(() => classNameOf(Object.getPrototypeOf(error) as object | null, classes), undefined);
  const hidden: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  const keep = (key: string, isShown: boolean): void => {
    const field = storedField(error, key, type, problemWith);
    if (field) define(isShown ? own : hidden, key, field.value);
  };
  const keys: readonly string[] = guarded(() => Object.getOwnPropertyNames(error), []);
  const shown = new Set<string>(guarded(() => Object.keys(error), keys));
  for (const key of keys) keep(key, shown.has(key));
  const missing = texts.filter((key) => !keys.includes(key) && !(type === "DOMException" && key !== "stack"));
  for (const key of missing) {
    const inherited = guarded(() => (error as unknown as Record<string, unknown>)[key], "");
    if (inherited !== (prototypes.get(type) as Record<string, unknown> | undefined)?.[key]) keep(key, false);
  }
  return {
    type,
    ...(name !== undefined && { class: name }),
    ...(type === "DOMException" && { name: textOf(error.name), message: textOf(error.message) }),
    hidden,
    ...(Object.keys(own).length > 0 && { own }),
  };
}

/** The nearest class in the chain of prototypes that the program has registered. */
function classNameOf(prototype: object | null, classes: ErrorClasses): string | undefined {
  if (!prototype || prototype === Error.prototype) return undefined;
  return classes.nameOf(prototype) ?? classNameOf(Object.getPrototypeOf(prototype) as object | null, classes);
}

/** The nearest class in the chain of prototypes that Perdure, JavaScript or the platform defines. */
function typeOf(error: Error): string {
  const known = perdureClasses.find((type) => guarded(() => error instanceof type, false));
  if (known) return known.name;
  if (guarded(() => error instanceof DOMException, false)) return "DOMException";
  return guarded(() => builtInTypeOf(Object.getPrototypeOf(error) as object | null), "Error");
}

function builtInTypeOf(prototype: object | null): string {
  if (!prototype) return "Error";
  const { constructor } = prototype;
  if (typeof constructor === "function" && prototypes.has(constructor.name)) {
    const isOurs = prototypes.get(constructor.name) === prototype;
    // of another realm
    if (isOurs || Function.prototype.toString.call(constructor).includes("[native code]")) return constructor.name;
  }
  return builtInTypeOf(Object.getPrototypeOf(prototype) as object | null);
}

/** The field as it is stored; undefined when it is left out. */
function storedField(
  error: Error,
  key: string,
  type: string,
  problemWith: ProblemWith,
): { readonly value: unknown } | undefined {
  const isText = texts.includes(key);
  const read = guarded(() => ({ value: (error as unknown as Record<string, unknown>)[key] }), undefined);
  if (!read)
    return isText || key === "cause"
      ? { value: key === "stack" ? undefined : `(the ${key} of this error cannot be read)` }
      : undefined;
  const { value } = read;
  if (key === "stack" && typeof value === "string")
    return {
      value: withoutOwnFrames(
        value,
        guarded(() => error.message, ""),
      ),
    };
  if (isText) return { value: isPrimitive(value) ? value : textOf(value) };
  if (key === "errors" && type === "AggregateError" && Array.isArray(value))
    return { value: Array.from(value, (inner) => storedInstead(inner, problemWith(inner, 4))) };
  const problem = problemWith(value, 3);
  if (problem !== undefined && key !== "cause") return undefined;
  return { value: storedInstead(value, problem) };
}

const isPrimitive = (value: unknown): boolean =>
  typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol";

/** The value, or text for one that cannot be stored. */
function storedInstead(value: unknown, problem: string | undefined): unknown {
  if (problem === undefined) return value;
  const text = textOf(value);
  return typeof value === "function" || /^(?:\[object .*\])?$/.test(text)
    ? `(not stored: ${problem})`
    : `${text} (not stored: ${problem})`;
}

/** An empty error of the class, made without its constructor. `fillError` gives it its fields, once they are decoded. */
export function makeError({ type, class: stored, name, message }: ErrorData, classes: ErrorClasses): Error {
  const known = stored === undefined ? undefined : classes.prototypeOf(stored);
  const error = type === "DOMException" ? new DOMException(message, name) : new Error();
  const prototype = known ?? (type === "DOMException" ? undefined : (prototypes.get(type) ?? Error.prototype));
  return prototype ? (Object.setPrototypeOf(error, prototype) as Error) : error;
}

/** @param data - may be half decoded, where the error is part of a cycle; it is filled again afterwards */
export function fillError(error: Error, { hidden, own }: Partial<ErrorData>): void {
  for (const [key, value] of Object.entries({ stack: undefined, ...hidden })) define(error, key, value, false);
  for (const [key, value] of Object.entries(own ?? {})) define(error, key, value);
}
