import * as types from "node:util/types";

/** The part of a buffer that one copy stores. */
interface Part {
  readonly start: number;
  end: number;
  readonly views: Set<string>;
  copy: ArrayBuffer | undefined;
}

/** A view as the codec stores it. */
interface StoredView {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly length: number;
  readonly bufferByteLength: number;
}

/** The widest element of a typed array, in bytes: a copy that several views share begins at a multiple of it. */
const ALIGNMENT = 8;

/**
 * Decides which bytes of a buffer are stored with its views. A view of a part of a buffer stores a copy of that part. Views that
 * overlap share one copy, which holds no byte outside of them. A buffer that is itself part of the value, or that one of the views
 * covers, is stored whole, and all its views share it.
 */
export class Bytes {
  private readonly parts = new Map<ArrayBufferLike, Part[]>();
  private readonly whole = new Set<ArrayBufferLike>();
  private isMerged = false;

  viewInfo(view: ArrayBufferView): StoredView {
    const { buffer, byteOffset, byteLength } = view;
    const length = "length" in view ? (view.length as number) : byteLength;
    const as = (stored: ArrayBufferLike, offset: number): StoredView => ({
      buffer: stored,
      byteOffset: offset,
      byteLength,
      length,
      bufferByteLength: stored.byteLength,
    });
    if (byteLength === buffer.byteLength) this.whole.add(buffer);
    const isWhole = byteLength === buffer.byteLength || (this.isMerged && this.whole.has(buffer));
    if (isWhole || !types.isArrayBuffer(buffer)) return as(buffer, byteOffset);
    const part = this.partFor(buffer, byteOffset, byteOffset + byteLength);
    const padding = paddingOf(part);
    part.copy ??= copyOf(buffer, part, padding);
    return as(part.copy, padding + byteOffset - part.start);
  }

  /** The buffer itself is part of the value. */
  storeWhole(buffer: ArrayBufferLike): void {
    this.whole.add(buffer);
  }

  /** After a first encoding: whether a second one has to make views share their bytes. */
  merge(): boolean {
    let isShared = false;
    for (const [buffer, parts] of this.parts) {
      if (this.whole.has(buffer)) isShared = true;
      const merged = union(parts);
      if (merged.length < parts.length) isShared = true;
      this.parts.set(buffer, merged);
    }
    this.isMerged = true;
    return isShared;
  }

  private partFor(buffer: ArrayBuffer, start: number, end: number): Part {
    const parts = this.parts.get(buffer) ?? [];
    this.parts.set(buffer, parts);
    const known = parts.find((part) =>
      this.isMerged ? part.start <= start && end <= part.end : part.start === start && part.end === end,
    );
    if (known) return known;
    const part: Part = { start, end, views: new Set([`${start}-${end}`]), copy: undefined };
    parts.push(part);
    return part;
  }
}

/** Parts that overlap become one. */
function union(parts: readonly Part[]): Part[] {
  const merged: Part[] = [];
  for (const { start, end, views } of [...parts].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start < last.end) {
      last.end = Math.max(last.end, end);
      for (const view of views) last.views.add(view);
    } else merged.push({ start, end, views: new Set(views), copy: undefined });
  }
  return merged;
}

/** Zeros before a copy that several views share, so that their offsets stay multiples of their elements' sizes. */
const paddingOf = ({ start, views }: Part): number => (views.size > 1 ? start % ALIGNMENT : 0);

function copyOf(buffer: ArrayBuffer, { start, end }: Part, padding: number): ArrayBuffer {
  const copy = new Uint8Array(padding + end - start);
  copy.set(new Uint8Array(buffer, start, end - start), padding);
  return copy.buffer;
}
