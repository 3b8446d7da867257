import { PerdureError } from "@perdure/protocol";
import type { Encoded } from "@perdure/store";
import { DevalueError, parse, stringify } from "devalue";
import { isTemplate } from "./plain.ts";
import { CancelledError, FatalError, RetryableError, TimeoutError } from "./errors.ts";

/** Turns values into text and back. Pass your own to `configure({ codec })` to encrypt values or to use another format. */
export interface Codec {
  /** @throws DevalueError or any error with a `path` and a `message` for a value that cannot be stored. */
  encode(value: unknown): string;
  decode(text: string): unknown;
}

/** A class whose instances may be results, inputs and payloads. */
export interface ClassCodec<T = unknown> {
  /** The constructor. Instances are recognized with `instanceof`, the most derived registered class first. */
  readonly type: abstract new (...args: never[]) => T;
  /** Name in the store. Default: the class's name. It must not change while runs hold instances. */
  readonly name?: string;
  /** Turns the instance into a value that can be stored. */
  encode(instance: T): unknown;
  decode(data: unknown): T;
}

/** Prefix of every stored value. */
const VERSION = "1:";

type ErrorConstructorLike = new (message?: string) => Error;
const errorTypes: Record<string, ErrorConstructorLike> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  URIError,
  EvalError,
  FatalError,
  RetryableError,
  TimeoutError,
  CancelledError,
};
const errorFields = new Set(["name", "message", "stack", "cause", "errors"]);

/** An error as data. Own fields that cannot be stored (requests, sockets) are left out, so that the error itself is kept. */
function encodeError(value: unknown, storable: (field: unknown) => boolean): unknown {
  if (!(value instanceof Error)) return undefined;
  const own = Object.fromEntries(
    Object.entries(value).filter(([key, field]) => !errorFields.has(key) && storable(field)),
  );
  return {
    name: String(value.name),
    message: String(value.message),
    stack: String(value.stack),
    own,
    ...(value.cause !== undefined && { cause: storable(value.cause) ? value.cause : String(value.cause) }),
    ...(value instanceof AggregateError && {
      errors: value.errors.map((error: unknown) => (storable(error) ? error : String(error))),
    }),
  };
}

function decodeError(data: unknown): Error {
  const { name, message, stack, own, ...rest } = data as { name: string; message: string; stack?: string; own: object };
  const error =
    "errors" in rest ? new AggregateError(rest.errors as Error[], message) : new (errorTypes[name] ?? Error)(message);
  const hide = (key: string, value: unknown) =>
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  hide("message", message);
  hide("stack", stack);
  if (error.name !== name) hide("name", name);
  if ("cause" in rest) hide("cause", rest.cause);
  return Object.assign(error, own);
}

/** The strings of a tagged template, which a tag function may read in both forms. */
const decodeTemplate = ([strings, raw]: [string[], string[]]): TemplateStringsArray =>
  Object.freeze(
    Object.defineProperty(strings, "raw", { value: Object.freeze(raw) }),
  ) as unknown as TemplateStringsArray;

const isRegistered = (classes: readonly ClassCodec[], value: unknown) =>
  classes.some(({ type }) => value instanceof type);

/** The default codec: devalue's format, with errors and registered classes. */
export function createCodec(classes: readonly ClassCodec[] = []): Codec {
  const reducers: Record<string, (value: unknown) => unknown> = {};
  const revivers: Record<
    string,
    Parameters<typeof parse>[1] extends Record<string, infer F> | undefined ? F : never
  > = {};
  for (const { type, name = type.name, encode, decode } of classes) {
    reducers[`class:${name}`] = (value) => value instanceof type && [encode(value)];
    revivers[`class:${name}`] = ([data]: [unknown]) => decode(data);
  }
  reducers["Template"] = (value) => isTemplate(value) && [[...value], [...value.raw]];
  revivers["Template"] = (data) => decodeTemplate(data as [string[], string[]]);
  // an error is always storable: checking its fields here, again at each level, would take exponential time
  const shallow = { ...reducers, Error: (value: unknown) => value instanceof Error && [0] };
  const storable = (field: unknown): boolean => {
    try {
      stringify(field, shallow);
      return true;
    } catch {
      return false;
    }
  };
  reducers["Error"] = (value) => (isRegistered(classes, value) ? undefined : encodeError(value, storable));
  revivers["Error"] = (data) => decodeError(data);
  return {
    encode: (value) => stringify(value, reducers),
    decode: (text) => parse(text, revivers),
  };
}

/** `codec` with the version as a prefix. Its errors name the value that cannot be stored: `what` is, for example, `chargeCard returned`, and `where` its step. */
export interface ValueStore {
  encode(value: unknown, what: string, where?: () => string): Encoded;
  decode(text: Encoded): unknown;
}

export function versioned(codec: Codec): ValueStore {
  return {
    encode(value, what, where) {
      try {
        return VERSION + codec.encode(value);
      } catch (cause) {
        throw new PerdureError(
          "VALUE_NOT_STORABLE",
          { what, ...describeCulprit(cause), ...(where && { where: where() }) },
          { cause },
        );
      }
    },
    decode(text) {
      if (!text.startsWith(VERSION))
        throw new PerdureError("VALUE_VERSION", { found: text.slice(0, Math.max(0, text.indexOf(":"))) });
      return codec.decode(text.slice(VERSION.length));
    },
  };
}

function describeCulprit(cause: unknown): { path: string; found: string } {
  if (!(cause instanceof DevalueError))
    return { path: "", found: cause instanceof Error ? cause.message : String(cause) };
  return { path: cause.path, found: describe(cause.value, cause.message) };
}

function describe(value: unknown, message: string): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (value instanceof Promise) return "a promise (is an await missing?)";
  if (typeof value !== "object" || value === null) return message;
  const name: unknown = value.constructor?.name;
  return Object.getOwnPropertySymbols(value).length > 0
    ? "an object with symbol keys"
    : `an instance of ${String(name)}`;
}
