import type { StreamRow, StreamHead, StreamWrite } from "@perdure/store/contract";
import { decodeText } from "../connection/text.ts";
import { ENTRIES } from "../functions/streams.ts";

export type EntryColumns = readonly [
  place: number,
  kind: number,
  keep: boolean,
  origin: string | null,
  value: string | null,
];

export interface HeadColumns {
  readonly stream: string;
  readonly next: number;
  readonly bytes: number;
  readonly parts: readonly (readonly [
    origin: string,
    first: number,
    chunks: number,
    keep: boolean,
    endedAt: number | null,
  ])[];
}

/** The write as the function `append` takes it. */
export const asAppended = ({ entries, ...write }: StreamWrite): object => ({
  ...write,
  entries: entries.map((entry) => ({
    ...entry,
    kind: ENTRIES.indexOf(entry.type),
    ...(entry.type === "reset" && { value: String(entry.from) }),
  })),
});

export function entryOf([index, kind, keep, origin, stored]: EntryColumns): StreamRow {
  const part = decodeText(origin ?? "");
  const value = decodeText(stored ?? "");
  switch (ENTRIES[kind]) {
    case "chunk":
      return { index, type: "chunk", part, value, ...(keep && { keep }) };
    case "end":
      return { index, type: "end", part };
    case "error":
      return { index, type: "error", part, value };
    default:
      return { index, type: "reset", ...(origin !== null && { part }), from: Number(value) };
  }
}

export const headsOf = (rows: readonly HeadColumns[]): StreamHead[] =>
  rows.map(({ stream, parts, ...same }) => ({
    ...same,
    stream: decodeText(stream),
    parts: parts.map(([origin, first, chunks, keep, endedAt]) => ({
      part: decodeText(origin),
      first,
      chunks,
      ...(keep && { keep }),
      ...(endedAt !== null && { endedAt }),
    })),
  }));
