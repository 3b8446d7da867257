import { hash } from "../crypto.ts";
import * as types from "node:util/types";
import { isError, textOf } from "./describe.ts";
import { countIndexes, isPlain } from "./plain.ts";

/** A step's fingerprint reads at most this many values and this many characters of text. Of the rest only the size counts. */
const STEP_LIMITS: Limits = { values: 2_000, text: 16_384 };
const NO_LIMITS: Limits = { values: Infinity, text: Infinity };

interface Limits {
  readonly values: number;
  readonly text: number;
}

/**
 * A fingerprint of a step's input. Inputs that are stored alike have the same fingerprint, whatever the order of their keys.
 * Values that cannot be stored (functions, clients, sockets) are left out. Never throws. The cost is bounded.
 */
export const fingerprint = (value: unknown): string => digest(value, STEP_LIMITS);

/**
 * A fingerprint of the arguments of a call, where it only serves to see that they changed. Numbers, booleans and short strings, as most arguments are,
 * take a hash that is several times as fast as a cryptographic one: two that differ on purpose may have the same fingerprint.
 */
export function fingerprintOfArguments(args: readonly unknown[]): string {
  if (args.length > 8) return fingerprint(args);
  const hash = new QuickHash();
  for (const value of args) {
    if (typeof value === "number") hash.add(Object.is(value, -0) ? "-0" : String(value), 1);
    else if (typeof value === "string" && value.length <= 64) hash.add(value, 2);
    else if (typeof value === "boolean") hash.add(value ? "true" : "false", 3);
    else return fingerprint(args);
  }
  return hash.digest();
}

/** Two halves of 32 bits: FNV-1a (Fowler, Noll, Vo) and a multiplicative hash, each finished like MurmurHash3 (Appleby) and mixed with the other. */
class QuickHash {
  private a = 0x811c9dc5;
  private b = 0x9e3779b9;

  add(text: string, kind: number): void {
    this.mix(kind);
    this.mix(text.length);
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index));
  }

  private mix(code: number): void {
    this.a = Math.imul(this.a ^ code, 0x01000193);
    this.b = Math.imul((this.b << 5) + (this.b >>> 27) + code, 0x9e3779b1);
  }

  digest(): string {
    const a = finished(this.a ^ Math.imul(this.b, 0x85ebca6b));
    const b = finished(this.b ^ a);
    return `${a}${b < 0 ? "" : "+"}${b}`;
  }
}

/** The last step of MurmurHash3 for 32 bits. */
function finished(half: number): number {
  const once = Math.imul(half ^ (half >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

/** The fingerprint of the whole value, for the input of a run. A value with instances of classes gets the fingerprint of `stored`, its encoded form. */
export function fullFingerprint(value: unknown, stored: string): string {
  const walker = new Walker(NO_LIMITS);
  walker.visit(value);
  return textFingerprint(walker.lossy ? stored : walker.out);
}

/** Fingerprint of text, such as the hashes of several modules. */
export const textFingerprint = (text: string): string => hash("sha1", text, "base64url").slice(0, 16);

function digest(value: unknown, limits: Limits): string {
  const walker = new Walker(limits);
  walker.visit(value);
  return textFingerprint(walker.out);
}

/** Values whose fingerprints follow one another, and the text that ends them. */
interface Frame {
  readonly values: readonly unknown[];
  /** Text before each value: the keys of an object, the indexes of a sparse array. */
  readonly keys?: readonly string[];
  readonly end: string;
  next: number;
}

/** Walks with a list of frames in place of recursion: data may be nested deeper than the stack. */
class Walker {
  out = "";
  /** Whether a value was left out. */
  lossy = false;
  private seen: Map<object, number> | undefined;
  private readonly frames: Frame[] = [];
  private readonly limits: Limits;
  private values = 0;
  private text = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  visit(root: unknown): void {
    this.value(root);
    for (let frame = this.frames.at(-1); frame; frame = this.frames.at(-1)) {
      const { values, keys, end, next } = frame;
      if (next >= values.length || this.isFull) {
        this.frames.pop();
        this.out += end;
        continue;
      }
      frame.next++;
      if (keys) this.string(keys[next] as string);
      this.item(values, next);
    }
  }

  private item(values: readonly unknown[], index: number): void {
    let value: unknown;
    try {
      value = values[index];
    } catch {
      return this.leaveOut(); // a getter in an array
    }
    this.value(value);
  }

  private get isFull(): boolean {
    return this.values > this.limits.values;
  }

  private value(value: unknown): void {
    if (++this.values > this.limits.values) return;
    if (typeof value === "string") return this.string(value);
    if (typeof value !== "object" || value === null) return this.primitive(value);
    this.seen ??= new Map();
    const earlier = this.seen.get(value);
    if (earlier !== undefined) {
      this.out += `^${earlier};`;
      return;
    }
    this.seen.set(value, this.seen.size);
    try {
      this.object(value);
    } catch {
      this.leaveOut(); // a Proxy or a getter that throws, memory that cannot be read
    }
  }

  private primitive(value: unknown): void {
    if (typeof value === "function" || typeof value === "symbol") this.leaveOut();
    else this.out += `${(typeof value).slice(0, 2)}${Object.is(value, -0) ? "-0" : String(value)};`;
  }

  private string(value: string): void {
    const room = Math.max(0, this.limits.text - this.text);
    this.text += value.length;
    const read = value.length <= room ? value : `${value.slice(0, room)}${value.slice(-64)}`;
    // a hash reads UTF-8, in which all halves of surrogate pairs are alike
    this.out += `"${value.length}:${read.isWellFormed() ? read : JSON.stringify(read)};`;
  }

  private object(value: object): void {
    if (Array.isArray(value)) return this.array(value);
    if (value instanceof Map) return this.list("map", value.size, [...this.first(value)].flat());
    if (value instanceof Set) return this.list("set", value.size, [...this.first(value)]);
    if (value instanceof Date) this.out += `date${value.getTime()};`;
    else if (value instanceof RegExp || value instanceof URL) this.out += `${value.constructor.name}${String(value)};`;
    else if (value instanceof ArrayBuffer) this.bytes(value);
    else if (ArrayBuffer.isView(value)) this.bytes(value.buffer, value.byteOffset, value.byteLength);
    else if (isError(value)) this.string(`${textOf(value.name)}: ${textOf(value)}`);
    else if (types.isArgumentsObject(value)) this.list("arguments", value.length, [...value]);
    else if (isPlain(value)) this.plain(value);
    else this.leaveOut(); // an instance: a client, a stream, a model
  }

  private leaveOut(): void {
    this.lossy = true;
    this.out += "_;";
  }

  /** As many of the items as are read. */
  private *first<T>(items: Iterable<T>): Generator<T> {
    let room = this.limits.values - this.values;
    for (const item of items) {
      yield item;
      if (room-- <= 0) return;
    }
  }

  private plain(value: Record<string, unknown>): void {
    const keys = Object.keys(value).sort();
    const read = keys.slice(0, Math.max(0, this.limits.values - this.values + 1));
    const values = read.map((key) => value[key]);
    this.out += "{";
    this.frames.push({ values, keys: read, end: "}", next: 0 });
  }

  private array(value: readonly unknown[]): void {
    if (value.length > this.limits.values) return this.list("[", value.length, value);
    const keys = Object.keys(value);
    if (keys.length === value.length && countIndexes(keys) === value.length) return this.list("[", value.length, value);
    // it has holes or properties of its own
    this.out += `[${value.length}:`;
    this.frames.push({ values: keys.map((key) => value[key as unknown as number]), keys, end: ";", next: 0 });
  }

  private list(kind: string, size: number, values: readonly unknown[]): void {
    this.out += `${kind}${size}:`;
    this.frames.push({ values, end: ";", next: 0 });
  }

  private bytes(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength): void {
    const room = Math.max(0, Math.min(length, this.limits.text - this.text));
    const digest = hash("sha1", new Uint8Array(buffer, offset, room), "base64url");
    this.text += length;
    this.out += `bytes${length}:${digest};`;
  }
}
