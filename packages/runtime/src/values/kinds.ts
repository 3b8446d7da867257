import * as types from "node:util/types";
import { isError } from "./describe.ts";
import { fillError, makeError, type ErrorClasses, type ErrorData } from "./error-data.ts";
import { inner, type Inspection } from "./inspection.ts";
import { argumentsOf, countIndexes, define, isTemplate, lengthen } from "./plain.ts";

/** A kind of value that devalue does not know, or of which it loses something. */
export interface Kind {
  /** Its name in the format. */
  readonly name: string;
  /** Data that stands for the value. */
  encode(value: never, inspection: Inspection): object;
  /** The value before its parts are decoded; `fill` adds them. In a cycle the data may be incomplete at that time. */
  make(data: never): object;
  fill?(value: never, data: never): void;
}

/** The kinds of the codec's own. */
export type SpecialName = "Template" | "Arguments" | "Buffer" | "Own" | "Error";

/** Which of them the value is; undefined for what devalue knows. */
export function specialNameOf(value: object): SpecialName | undefined {
  if (Array.isArray(value)) return isTemplate(value) ? "Template" : ownKeysOf(value).length > 0 ? "Own" : undefined;
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Symbol.iterator in value && types.isArgumentsObject(value) ? "Arguments" : undefined;
  if (isError(value)) return "Error";
  if (Buffer.isBuffer(value)) return "Buffer";
  return isContainer(value) && ownKeysOf(value).length > 0 ? "Own" : undefined;
}

const isContainer = (value: object): boolean =>
  types.isMap(value) ||
  types.isSet(value) ||
  types.isDate(value) ||
  types.isRegExp(value) ||
  types.isBoxedPrimitive(value) ||
  value instanceof URL ||
  value instanceof URLSearchParams;

/** The own enumerable keys that are not indexes. */
function ownKeysOf(value: object): string[] {
  const keys = Object.keys(value);
  return keys.slice(countIndexes(keys));
}

const template: Kind = {
  name: "Template",
  encode: (value: TemplateStringsArray) => [[...value], [...value.raw]],
  make: ([strings, raw]: [string[], string[]]) =>
    Object.freeze(Object.defineProperty(strings, "raw", { value: Object.freeze(raw) })),
};

const VALUE = inner("value");
const OWN = inner("own");
type Inner = Readonly<Record<string, unknown>>;

const argumentsKind: Kind = {
  name: "Arguments",
  encode: (value: IArguments) => ({ length: value.length, [VALUE]: [...value] }),
  make: ({ length }: { length: number }) => argumentsOf(Array.from({ length })),
  fill: (value: IArguments, data: Inner) =>
    ((data[VALUE] ?? []) as unknown[]).forEach((item, i) => define(value, String(i), item)),
};

const buffer: Kind = {
  name: "Buffer",
  encode: ({ buffer: memory, byteOffset, length }: Buffer) => new Uint8Array(memory, byteOffset, length),
  make: ({ buffer: memory, byteOffset, length }: Uint8Array<ArrayBuffer>) => Buffer.from(memory, byteOffset, length),
};

/** A value with own properties that devalue would lose, such as a match of a regular expression. */
const withOwn: Kind = {
  name: "Own",
  encode(value: object, inspection) {
    const own: Record<string, unknown> = {};
    for (const key of ownKeysOf(value)) define(own, key, inspection.read(value, key));
    const type = Array.isArray(value) ? "Array" : types.isMap(value) ? "Map" : types.isSet(value) ? "Set" : "";
    return { type, [VALUE]: withoutOwn(value, inspection), [OWN]: own };
  },
  make: (data: Inner) =>
    data["type"] === "Array"
      ? []
      : data["type"] === "Map"
        ? new Map()
        : data["type"] === "Set"
          ? new Set()
          : (data[VALUE] as object),
  fill(target: object, { [VALUE]: value, [OWN]: own }: Inner) {
    if (Array.isArray(target)) copyItems((value ?? []) as unknown[], target, (from, key) => from[key]);
    else if (target instanceof Map)
      refill(target, (value ?? []) as Map<unknown, unknown>, ([key, item]) => target.set(key, item));
    else if (target instanceof Set) refill(target, (value ?? []) as Set<unknown>, (item) => target.add(item));
    for (const [key, item] of Object.entries(own ?? {})) define(target, key, item);
  },
};

function withoutOwn(value: object, inspection: Inspection): object {
  if (Array.isArray(value)) return copyItems(value, [], (from, key) => inspection.read(from, key));
  if (types.isMap(value)) return new Map(value);
  if (types.isSet(value)) return new Set(value);
  if (types.isDate(value)) return new Date(value);
  if (types.isRegExp(value)) return new RegExp(value.source, value.flags);
  if (types.isBoxedPrimitive(value)) return Object(value.valueOf()) as object;
  return value instanceof URL ? new URL(value) : new URLSearchParams(String(value));
}

/** Copies the items of an array, without its holes and its other properties. */
function copyItems(
  from: readonly unknown[],
  to: unknown[],
  read: (from: readonly unknown[], key: number) => unknown,
): unknown[] {
  const keys = Object.keys(from);
  const count = countIndexes(keys);
  if (to.length !== from.length) lengthen(to, from.length, count < from.length);
  for (let i = 0; i < count; i++) to[Number(keys[i])] = read(from, Number(keys[i]));
  return to;
}

/** The data may be decoded further than at the time before. */
function refill<T>(target: { clear(): void }, items: Iterable<T>, add: (item: T) => void): void {
  target.clear();
  for (const item of items) add(item);
}

/** @param encodeError - the data of an error */
export const specialKinds = (
  encodeError: (error: Error, inspection: Inspection) => ErrorData,
  classes: ErrorClasses,
): Record<SpecialName, Kind> => ({
  Template: template,
  Arguments: argumentsKind,
  Buffer: buffer,
  Own: withOwn,
  Error: { name: "Error", encode: encodeError, make: (data: ErrorData) => makeError(data, classes), fill: fillError },
});

const DATA = inner("data");

/** Instances of a class that the user has registered. */
export const classKind = ({ type, name = type.name, encode, decode }: ClassLike): Kind => ({
  name: `class:${name}`,
  encode: (value: object) => ({ [DATA]: encode(value) }),
  make: (data: Inner) => decode(data[DATA]) as object,
});

interface ClassLike {
  readonly type: abstract new (...args: never[]) => unknown;
  readonly name?: string;
  encode(instance: unknown): unknown;
  decode(data: unknown): unknown;
}
