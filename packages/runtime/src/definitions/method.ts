import type { AnyFunction } from "./definition.ts";

/** The method as it was defined. Calls no getter. A key such as `__proto__` is treated like any other. */
export function methodOf(object: unknown, key: PropertyKey): AnyFunction | undefined {
  for (let each: unknown = object; isObject(each); each = Object.getPrototypeOf(each)) {
    const found = Object.getOwnPropertyDescriptor(each, key);
    if (found) return typeof found.value === "function" ? (found.value as AnyFunction) : undefined;
  }
  return undefined;
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";
