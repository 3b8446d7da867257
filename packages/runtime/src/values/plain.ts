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
