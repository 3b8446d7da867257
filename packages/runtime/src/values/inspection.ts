import * as types from "node:util/types";
import type { StringifyOperations } from "devalue";
import { Bytes } from "./bytes.ts";
import { guarded, describe, textOf } from "./describe.ts";
import { define, isBare, isPlain } from "./plain.ts";

/** The deepest nesting that is stored. Encoding and decoding need stack for each level; this leaves half of it to the program. */
const MAX_DEPTH = 1000;

const TOO_DEEP = `data nested too deeply (more than ${MAX_DEPTH} levels)`;

/** A key of the codec's own in data that it adds. `NotStorable` leaves it out of paths. */
export const inner = (name: string): string => `\u0001${name}`;

/** Marks a key that devalue would refuse. */
const ESCAPE = "\0";

/** `__proto__` cannot be a key in devalue's format. A key that begins with the mark is marked as well, so that each has one form. */
const isEscaped = (key: string): boolean => key === "__proto__" || key.charCodeAt(0) === 0;
const escapeKey = (key: string): string => (isEscaped(key) ? ESCAPE + key : key);
const unescapeKey = (key: string): string => (key.charCodeAt(0) === 0 ? key.slice(1) : key);

/** Sets a decoded property. */
export function setProperty(target: Record<PropertyKey, unknown>, key: string | number, value: unknown): void {
  if (typeof key === "string" && key.startsWith(ESCAPE)) define(target, unescapeKey(key), value);
  else target[key] = value;
}

type Operations = Pick<
  StringifyOperations,
  "isThenable" | "tagOf" | "valuesOf" | "entriesOf" | "viewInfo" | "toArrayBuffer" | "shapeOf" | "get"
>;

/**
 * How one encoding reads values: by what they are, whatever they call themselves, each property once. Keeps count of the depth, and
 * of the reason for each refusal.
 */
export class Inspection {
  readonly bytes: Bytes;
  readonly operations: Operations;
  private readonly rootDepth: number;
  private readonly depths = new Map<object, number>();
  private readonly reasons = new Map<unknown, string>();

  /** @param rootDepth - levels above the value */
  constructor(rootDepth = 0, bytes = new Bytes()) {
    this.rootDepth = rootDepth;
    this.bytes = bytes;
    this.operations = {
      isThenable: () => false,
      tagOf: (value) => this.tagOf(value as object),
      valuesOf: (set) => this.below(set as Set<unknown>),
      entriesOf: (map) => this.entriesBelow(map as Map<unknown, unknown>),
      viewInfo: (view) => this.bytes.viewInfo(view as ArrayBufferView) as ReturnType<Operations["viewInfo"]>,
      toArrayBuffer: (buffer: ArrayBuffer) => {
        this.bytes.storeWhole(buffer);
        return buffer;
      },
      shapeOf: (value) => this.shapeOf(value as object),
      get: (value, key) =>
        this.enter(value as object, this.read(value as object, typeof key === "string" ? unescapeKey(key) : key)),
    };
  }

  depthOf(value: unknown): number {
    return this.depths.get(value as object) ?? this.rootDepth;
  }

  /** `data` stands for `value` in the encoding. */
  replace<T extends object>(value: unknown, data: T, levels = 1): T {
    this.depths.set(data, this.depthOf(value) + levels);
    return data;
  }

  /** A value that is refused with this reason, at its place. */
  refusal(reason: string): object {
    const refused = {};
    this.reasons.set(refused, reason);
    return refused;
  }

  reasonFor(value: unknown): string | undefined {
    return this.reasons.get(value);
  }

  /** The value of a property, or a refusal for a getter that throws. */
  read(value: object, key: PropertyKey): unknown {
    try {
      return (value as Record<PropertyKey, unknown>)[key];
    } catch (error) {
      return this.refusal(`a getter that throws (${textOf(error)})`);
    }
  }

  private tagOf(value: object): string {
    try {
      const reason = this.reasons.get(value) ?? this.problemWith(value);
      if (reason === undefined) return kindOf(value);
      this.reasons.set(value, reason);
    } catch {
      this.reasons.set(value, "a Proxy that cannot be read");
    }
    return "Refused";
  }

  private problemWith(value: object): string | undefined {
    if (this.depthOf(value) > MAX_DEPTH) return TOO_DEEP;
    if (Array.isArray(value)) return hasSymbolKeys(value) ? "an object with symbol keys" : undefined;
    if (Object.getPrototypeOf(value) === Object.prototype) return hasThen(value) ? PROMISE : undefined;
    if (types.isPromise(value) || hasThen(value)) return PROMISE;
    if (types.isArrayBuffer(value)) return isDetached(value) ? "a detached ArrayBuffer" : undefined;
    const isCollection = types.isMap(value) || types.isSet(value);
    return isCollection && hasSymbolKeys(value) ? "an object with symbol keys" : undefined;
  }

  private shapeOf(value: object): ReturnType<Operations["shapeOf"]> {
    if (this.reasons.has(value)) return { kind: "not-plain" };
    try {
      if (!isPlain(value)) return { kind: "not-plain" };
      if (hasSymbolKeys(value)) return { kind: "symbol-keys" };
      const keys = Object.keys(value);
      const prototype: unknown = Object.getPrototypeOf(value);
      return {
        kind: prototype !== Object.prototype && isBare(prototype) ? "null-proto" : "plain",
        keys: keys.some(isEscaped) ? keys.map(escapeKey) : keys,
      };
    } catch {
      this.reasons.set(value, "a Proxy that cannot be read");
      return { kind: "not-plain" };
    }
  }

  private *below(set: Set<unknown>): Generator<unknown> {
    for (const value of set) yield this.enter(set, value);
  }

  private *entriesBelow(map: Map<unknown, unknown>): Generator<[unknown, unknown]> {
    for (const [key, value] of map) yield [this.enter(map, key), this.enter(map, value)];
  }

  private enter(parent: object, value: unknown): unknown {
    if (typeof value === "object" && value !== null && !this.depths.has(value))
      this.depths.set(value, this.depthOf(parent) + 1);
    return value;
  }
}

const PROMISE = describe(Promise.resolve());

/** Whether `await` would call it. Reads no getter. */
const hasThen = (value: object): boolean =>
  Object.hasOwn(value, "then") && typeof Object.getOwnPropertyDescriptor(value, "then")?.value === "function";

const isDetached = (buffer: ArrayBuffer): boolean => guarded(() => new Uint8Array(buffer), undefined) === undefined;

function hasSymbolKeys(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

/** devalue's name of what the object is. Only of a URL and of what it has no slots to tell, it takes the object's word. */
function kindOf(value: object): string {
  if (Array.isArray(value)) return "Array";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return "Object";
  if (types.isMap(value)) return "Map";
  if (types.isSet(value)) return "Set";
  if (types.isDate(value)) return "Date";
  if (types.isRegExp(value)) return "RegExp";
  if (types.isBoxedPrimitive(value)) return "Number"; // it treats all of them alike
  if (types.isArrayBuffer(value)) return "ArrayBuffer";
  if (types.isDataView(value)) return "DataView";
  if (types.isTypedArray(value)) return value[Symbol.toStringTag];
  if (value instanceof URL) return "URL";
  if (value instanceof URLSearchParams) return "URLSearchParams";
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return tag.startsWith("Temporal.") ? tag : "Object";
}
