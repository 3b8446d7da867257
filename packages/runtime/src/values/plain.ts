import * as types from "node:util/types";

/**
 * Whether the object is only data: an object literal, of this realm or another, or an object without a prototype. An object whose
 * prototype is empty, such as the result of `querystring.parse`, counts as one without a prototype.
 */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || isBare(prototype) || isForeignRoot(prototype as object);
}

/** Whether an object with this prototype inherits nothing. */
export const isBare = (prototype: unknown): boolean =>
  prototype === null ||
  (Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype as object).length === 0);

/** Whether it is the `Object.prototype` of another realm. */
const isForeignRoot = (prototype: object): boolean =>
  Object.getPrototypeOf(prototype) === null &&
  Object.hasOwn(prototype, "hasOwnProperty") &&
  Object.hasOwn(prototype, "__lookupGetter__");

/** Whether the value is the first argument of a tag function: frozen strings with their frozen `raw` strings. */
export const isTemplate = (value: unknown): value is TemplateStringsArray =>
  Array.isArray(value) &&
  Object.isFrozen(value) &&
  "raw" in value &&
  Array.isArray(value.raw) &&
  Object.isFrozen(value.raw);

/** An `arguments` object with these items. */
export function argumentsOf(items: readonly unknown[]): IArguments {
  return (
    function () {
      return arguments; // oxlint-disable-line prefer-rest-params
    } as (...args: unknown[]) => IArguments
  )(...items);
}

/** The largest index of an array. */
const LAST_INDEX = 2 ** 32 - 2;

/** Sets the length of an empty array. One that will be sparse gets no storage for its holes. */
export function lengthen(array: unknown[], length: number, isSparse: boolean): void {
  if (isSparse) {
    array[LAST_INDEX] = undefined; // V8 stores the array as a dictionary from now on
    delete array[LAST_INDEX];
  }
  array.length = length;
}

/** How many of the keys of an array, as `Object.keys` returns them, are indexes. They come first. */
export function countIndexes(keys: readonly string[]): number {
  let count = keys.length;
  while (count > 0 && !isIndex(keys[count - 1] as string)) count--;
  return count;
}

function isIndex(key: string): boolean {
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index <= LAST_INDEX && String(index) === key;
}

/** Sets an own property, also one with a key such as `__proto__`. */
export function define(target: object, key: PropertyKey, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable, configurable: true });
}

/** Deeper data is left to the codec that follows references. */
const DEPTH = 100;

/**
 * The value as JSON, if that keeps all of it: plain objects and arrays of text, finite numbers, booleans and null, each object once. Undefined
 * otherwise. No function of the value is called, and no getter read.
 */
export function jsonOf(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) {
    if (hasToJson() || !isJsonObject(value, new Set(), DEPTH)) return undefined;
  } else if (!isJsonPrimitive(value)) return undefined;
  return JSON.stringify(value);
}

/** Somebody may have taught all objects to write themselves. */
const hasToJson = (): boolean => "toJSON" in Array.prototype;

function isJsonPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    default:
      return value === null;
  }
}

function isJsonObject(value: object, seen: Set<object>, depth: number): boolean {
  if (depth === 0 || seen.has(value) || types.isProxy(value)) return false;
  seen.add(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isList = Array.isArray(value);
  if (prototype !== (isList ? Array.prototype : Object.prototype)) return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const keys = Object.keys(value);
  // holes, properties of its own (the indexes come first among the keys), or the strings of a template
  const last = String(keys.length - 1);
  if (isList && (keys.length !== value.length || (keys.at(-1) ?? last) !== last || "raw" in value)) return false;
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (!("value" in property)) return false; // a getter
    const inner: unknown = property.value;
    if (typeof inner === "object" && inner !== null) {
      if (!isJsonObject(inner, seen, depth - 1)) return false;
    } else if (!isJsonPrimitive(inner)) return false;
  }
  return true;
}
