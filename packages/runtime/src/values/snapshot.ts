import { isPlain, isTemplate } from "./plain.ts";

/**
 * A copy of `value` as it is now. Plain data in it (objects, arrays, maps, sets, dates) is copied; instances, functions and bytes are shared.
 *
 * A step may begin later than it is called (after the recorded steps of a replay) and more than once (as a retry). Each attempt
 * gets the arguments of the call, whatever the workflow or an earlier attempt has done to them since.
 */
export function snapshot<T>(value: T): T {
  return copy(value, undefined) as T;
}

function copy(value: unknown, seen: Map<object, unknown> | undefined): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = seen?.get(value);
  if (known !== undefined) return known;
  if (value instanceof Date) return new Date(value);
  if (isTemplate(value)) return value;
  const empty = emptyLike(value);
  if (!empty) return value;
  const found = seen ?? new Map<object, unknown>();
  found.set(value, empty);
  fill(empty, value, (inner) => copy(inner, found));
  return empty;
}

type Container = unknown[] | Map<unknown, unknown> | Set<unknown> | Record<string, unknown>;

function emptyLike(value: object): Container | undefined {
  if (Array.isArray(value)) return Array.from({ length: 0 });
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  return isPlain(value)
    ? (Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>)
    : undefined;
}

function fill(target: Container, source: object, inner: (value: unknown) => unknown): void {
  if (target instanceof Map)
    for (const [key, value] of source as Map<unknown, unknown>) target.set(inner(key), inner(value));
  else if (target instanceof Set) for (const value of source as Set<unknown>) target.add(inner(value));
  else {
    if (Array.isArray(target)) target.length = (source as unknown[]).length; // holes stay holes
    const to = target as Record<PropertyKey, unknown>;
    for (const key of [...Object.keys(source), ...Object.getOwnPropertySymbols(source)])
      define(to, key, inner((source as Record<PropertyKey, unknown>)[key]));
  }
}

/** Sets a property, also one with a key such as `__proto__`. */
function define(target: Record<PropertyKey, unknown>, key: PropertyKey, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}
