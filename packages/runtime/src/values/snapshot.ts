import * as types from "node:util/types";
import { guarded } from "./describe.ts";
import { argumentsOf, countIndexes, define, isPlain, isTemplate, lengthen } from "./plain.ts";

/**
 * A copy of `value` as it is now. Plain data in it (objects, arrays, maps, sets, dates, `arguments`) is copied, at any depth; instances,
 * functions and bytes are shared. A getter is read once and becomes its value, unless it throws: then it is copied as a getter.
 *
 * A step may begin later than it is called (after the recorded steps of a replay) and more than once (as a retry). Each attempt
 * gets the arguments of the call, whatever the workflow or an earlier attempt has done to them since.
 */
export function snapshot<T>(value: T): T {
  const copies = new Map<object, object>();
  /** Copies without their contents. A list in place of recursion: data may be nested deeper than the stack. */
  const empty: [source: object, copy: object][] = [];
  const copyOf = (each: unknown): unknown => {
    if (typeof each !== "object" || each === null) return each;
    const known = copies.get(each);
    if (known) return known;
    const copy = guarded(() => emptyLike(each), undefined); // a Proxy may throw
    copies.set(each, copy ?? each);
    if (copy) empty.push([each, copy]);
    return copy ?? each;
  };
  const result = copyOf(value);
  for (let next = empty.pop(); next; next = empty.pop()) fill(...next, copyOf);
  return result as T;
}

/** A copy of a container without its contents; undefined for what is shared. */
function emptyLike(value: object): object | undefined {
  if (types.isProxy(value)) Reflect.ownKeys(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return isTemplate(value) || !isBuiltIn(prototype) ? undefined : [];
  if (types.isArgumentsObject(value)) return argumentsOf([...(value as IArguments)]);
  if (isPlain(value)) return Object.create(prototype as object | null) as object;
  if (!isBuiltIn(prototype)) return undefined;
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  return types.isDate(value) ? new Date(value) : undefined;
}

/** Whether it is a prototype such as `Array.prototype`, not that of a class which extends it. */
const isBuiltIn = (prototype: unknown): boolean =>
  prototype !== null && Object.getPrototypeOf(Object.getPrototypeOf(prototype) ?? {}) === null;

function fill(source: object, copy: object, copyOf: (value: unknown) => unknown): void {
  if (copy instanceof Map)
    for (const [key, value] of source as Map<unknown, unknown>) copy.set(copyOf(key), copyOf(value));
  else if (copy instanceof Set) for (const value of source as Set<unknown>) copy.add(copyOf(value));
  else if (!(copy instanceof Date)) fillProperties(source as Properties, copy as Properties, copyOf);
}

type Properties = Record<PropertyKey, unknown>;

function fillProperties(source: Properties, copy: Properties, copyOf: (value: unknown) => unknown): void {
  const keys = Object.keys(source);
  if (Array.isArray(source)) {
    const { length } = source;
    lengthen(copy as unknown as unknown[], length, countIndexes(keys) < length);
  }
  for (const key of [...keys, ...Object.getOwnPropertySymbols(source)]) {
    const read = guarded(() => ({ value: source[key] }), undefined);
    if (!read) Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(source, key) ?? {});
    else if (key === "__proto__") define(copy, key, copyOf(read.value));
    else copy[key] = copyOf(read.value);
  }
}
