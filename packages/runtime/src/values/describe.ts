import * as types from "node:util/types";

/** `read()`, or `otherwise` when it throws, as the traps of a Proxy and getters may. */
export function guarded<T, U>(read: () => T, otherwise: U): T | U {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Whether the value is an error, of this realm or another, also behind a Proxy. Never throws. */
export const isError = (value: unknown): value is Error =>
  types.isNativeError(value) || guarded(() => value instanceof Error, false);

/** The value as text: the message of an error, and `String(value)` where that works. Never throws. */
export function textOf(value: unknown): string {
  if (isError(value)) return guarded(() => String(value.message), "an error whose message cannot be read");
  return guarded(() => String(value), undefined) ?? describe(value);
}

/** Name and message of an error in one line of a log; other values as `textOf`. Never throws. */
export const headlineOf = (value: unknown): string =>
  isError(value) ? `${guarded(() => String(value.name), "Error")}: ${textOf(value)}` : textOf(value);

/** What kind of value it is, in words: `a function`, `an instance of Socket`. Never throws. */
export function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "string") return "a string";
  if (typeof value !== "object" || value === null) return String(value);
  return guarded(() => describeObject(value), "a Proxy that cannot be read");
}

function describeObject(value: object): string {
  if (types.isPromise(value) || value instanceof Promise) return "a promise (is an await missing?)";
  if (typeof Response === "function" && value instanceof Response) return `a Response (status ${value.status})`;
  if (types.isSharedArrayBuffer(value)) return "a SharedArrayBuffer";
  if (Array.isArray(value)) return "an array";
  const name = classNameOf(value);
  const kind = name === undefined ? "an object" : `an instance of ${name}`;
  return types.isProxy(value) ? `a Proxy of ${kind}` : kind;
}

/** The name of the object's class; undefined for an object without one. */
function classNameOf(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return undefined;
  const { constructor } = value;
  if (typeof constructor === "function" && constructor !== Object && constructor.name !== "") return constructor.name;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
