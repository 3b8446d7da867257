import { createHmac } from "../crypto.ts";
import type { ChanceSource } from "@perdure/protocol";

/** Bits of a double's mantissa, as `Math.random()` has them. */
const MANTISSA = 53;

/**
 * Random bytes that are the same in every replay and unpredictable without the run's seed: HMAC-SHA256 of a counter, as in
 * NIST SP 800-108.
 */
export class Chance {
  private readonly seed: string;
  /** Distinguishes this stream from all others of the run. */
  private readonly id: string;
  private block = Buffer.alloc(0);
  private used = 0;
  private counter = 0;

  constructor(seed: string, id: string) {
    this.seed = seed;
    this.id = id;
  }

  fill<T extends Uint8Array>(target: T): T {
    for (let i = 0; i < target.length; i++) target[i] = this.byte();
    return target;
  }

  /** From 0 to below 1. */
  number(): number {
    const bits = Buffer.from(this.fill(new Uint8Array(8))).readBigUInt64BE() >> BigInt(64 - MANTISSA);
    return Number(bits) / 2 ** MANTISSA;
  }

  /** Version 4, RFC 9562. */
  uuid(): string {
    const bytes = this.fill(Buffer.alloc(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  private byte(): number {
    if (this.used === this.block.length) {
      this.block = createHmac("sha256", this.seed).update(`${this.id} ${this.counter++}`).digest();
      this.used = 0;
    }
    return this.block[this.used++] ?? 0;
  }
}

/** What clock and randomness read at a point of a workflow. Times are in milliseconds since 1970. */
export interface Moment {
  /** When the run was created. */
  readonly start: number;
  /** When the latest delivered completion was recorded; before the first one, when the run was created. */
  readonly now: number;
  readonly chance: Chance;
}

/** What a workflow reads in place of `real`: the same in every replay (R9). */
export function recordedValue(source: ChanceSource, real: unknown, moment: Moment): unknown {
  switch (source) {
    case "now":
      return moment.now;
    case "date":
      if (real instanceof Date) real.setTime(moment.now);
      return real;
    case "text":
      return new Date(moment.now).toString();
    case "elapsed":
      return moment.now - moment.start;
    case "random":
      return moment.chance.number();
    case "uuid":
      return moment.chance.uuid();
    case "bytes":
      if (ArrayBuffer.isView(real)) moment.chance.fill(new Uint8Array(real.buffer, real.byteOffset, real.byteLength));
      return real;
  }
}
