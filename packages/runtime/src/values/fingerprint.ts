import { hash } from "node:crypto";
import { isPlain } from "./plain.ts";

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

class Walker {
  out = "";
  /** Whether a value was left out. */
  lossy = false;
  private readonly seen = new Map<object, number>();
  private readonly limits: Limits;
  private values = 0;
  private text = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  visit(value: unknown): void {
    if (++this.values > this.limits.values) return;
    if (typeof value === "string") return this.string(value);
    if (typeof value !== "object" || value === null) return this.primitive(value);
    const earlier = this.seen.get(value);
    if (earlier !== undefined) {
      this.out += `^${earlier};`;
      return;
    }
    this.seen.set(value, this.seen.size);
    this.object(value);
  }

  private primitive(value: unknown): void {
    if (typeof value === "function" || typeof value === "symbol") this.leaveOut();
    else this.out += `${(typeof value).slice(0, 2)}${Object.is(value, -0) ? "-0" : String(value)};`;
  }

  private string(value: string): void {
    const room = Math.max(0, this.limits.text - this.text);
    this.text += value.length;
    this.out +=
      value.length <= room
        ? `"${value.length}:${value};`
        : `"${value.length}:${value.slice(0, room)}${value.slice(-64)};`;
  }

  private object(value: object): void {
    if (Array.isArray(value)) return this.entries("[", value.length, value);
    if (value instanceof Map) return this.entries("map", value.size, [...value].flat());
    if (value instanceof Set) return this.entries("set", value.size, value);
    if (value instanceof Date) this.out += `date${value.getTime()};`;
    else if (value instanceof RegExp || value instanceof URL) this.out += `${value.constructor.name}${String(value)};`;
    else if (value instanceof ArrayBuffer) this.bytes(value);
    else if (ArrayBuffer.isView(value)) this.bytes(value.buffer, value.byteOffset, value.byteLength);
    else if (value instanceof Error) this.string(`${value.name}: ${value.message}`);
    else if (isPlain(value)) this.plain(value);
    else this.leaveOut(); // an instance: a client, a stream, a model
  }

  private leaveOut(): void {
    this.lossy = true;
    this.out += "_;";
  }

  private plain(value: Record<string, unknown>): void {
    this.out += "{";
    for (const key of Object.keys(value).sort()) {
      if (this.values > this.limits.values) break;
      this.string(key);
      this.visit(value[key]);
    }
    this.out += "}";
  }

  private entries(kind: string, size: number, items: Iterable<unknown>): void {
    this.out += `${kind}${size}:`;
    for (const item of items) {
      if (this.values > this.limits.values) break;
      this.visit(item);
    }
    this.out += ";";
  }

  private bytes(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength): void {
    const room = Math.max(0, Math.min(length, this.limits.text - this.text));
    this.text += length;
    this.out += `bytes${length}:${hash("sha1", new Uint8Array(buffer, offset, room), "base64url")};`;
  }
}
