import type { StreamRow, StreamHead, StreamPage, StreamPart, StreamQuery, StreamWrite } from "../streams.ts";

export interface Stream {
  entries: StreamRow[];
  next: number;
}

/** Its streams by name. */
type Streams = Map<string, Stream>;

export function append(streams: Streams, { stream: name, entries }: StreamWrite): boolean {
  const stream = streams.get(name) ?? { entries: [], next: 0 };
  const [first] = entries;
  if (!first || first.index < stream.next) return false;
  streams.set(name, stream);
  for (const entry of entries) {
    if (entry.type === "reset") stream.entries = stream.entries.filter((each) => !isVoid(each, entry));
    stream.entries.push({ ...entry });
    stream.next = entry.index + 1;
  }
  return true;
}

const isVoid = (entry: StreamRow, reset: Extract<StreamRow, { type: "reset" }>): boolean =>
  entry.type !== "reset" && entry.index >= reset.from && (reset.part === undefined || reset.part === entry.part);

export function restartStreams(streams: Streams): void {
  for (const stream of streams.values())
    Object.assign(stream, { entries: [{ index: stream.next, type: "reset", from: 0 }], next: stream.next + 1 });
}

export function readStream(
  stream: Stream = { entries: [], next: 0 },
  { from, limit, bytes = Infinity, part }: StreamQuery,
): Omit<StreamPage, "status" | "epoch"> {
  const entries: StreamRow[] = [];
  let read = 0;
  // readers are near the end most of the time
  for (let at = stream.entries.findLastIndex(({ index }) => index < from) + 1; at < stream.entries.length; at++) {
    if (entries.length >= limit || read >= bytes) break;
    const entry = stream.entries[at];
    if (!entry || (part !== undefined && entry.part !== undefined && entry.part !== part)) continue;
    entries.push(entry);
    read += sizeOf(entry);
  }
  return { entries, next: stream.next };
}

export const headsOf = (streams: Streams): StreamHead[] =>
  [...streams].map(([stream, { entries, next }]) => ({
    stream,
    next,
    bytes: entries.reduce((sum, entry) => sum + sizeOf(entry), 0),
    parts: partsOf(entries),
  }));

function partsOf(entries: readonly StreamRow[]): StreamPart[] {
  const parts = new Map<string, StreamPart>();
  for (const entry of entries) {
    if (entry.type === "reset") continue;
    const { part, index } = entry;
    const found = parts.get(part) ?? { part, first: index, chunks: 0 };
    if (entry.type !== "chunk") parts.set(part, { ...found, endedAt: index });
    else parts.set(part, { ...found, chunks: found.chunks + 1, ...(entry.keep && { keep: true }) });
  }
  return [...parts.values()];
}

const sizeOf = (entry: StreamRow): number => ("value" in entry ? Buffer.byteLength(entry.value) : 0);
