import type { StreamRow, StreamHead, StreamPage, StreamPart, StreamQuery, StreamWrite } from "../streams.ts";
import type { Connection } from "./driver.ts";

/** What the database has in place of the type of an entry. */
const CHUNK = 0;
const END = 1;
const ERROR = 2;
const RESET = 3;

interface StreamHeadRow {
  readonly number: number;
  readonly name: string;
  readonly next: number;
  readonly bytes: number;
}

interface PartRow {
  readonly origin: string;
  readonly first: number;
  readonly chunks: number;
  readonly keep: number;
  readonly ended_at: number | null;
}

interface EntryRow {
  readonly place: number;
  readonly kind: number;
  readonly keep: number;
  readonly origin: string | null;
  readonly value: string | null;
}

type Part = { -readonly [K in keyof PartRow]: PartRow[K] };

export type Streams = ReturnType<typeof streamsTable>;

/** All SQL for the tables of streams. `run` is the number of the run. */
export function streamsTable(db: Connection) {
  const get = db.prepare<[number, string], StreamHeadRow>(
    "SELECT number, name, next, bytes FROM streams WHERE run = ? AND name = ?",
  );
  const all = db.prepare<[number], StreamHeadRow>("SELECT number, name, next, bytes FROM streams WHERE run = ?");
  const create = db.prepare<[number, string], StreamHeadRow>(
    "INSERT INTO streams (run, name, next, bytes) VALUES (?, ?, 0, 0) RETURNING number, name, next, bytes",
  );
  const update = db.prepare<[number, number, number]>("UPDATE streams SET next = ?, bytes = ? WHERE number = ?");
  const drop = db.prepare<[number]>("DELETE FROM streams WHERE run = ?");
  const parts = db.prepare<[number], PartRow>(
    "SELECT origin, first, chunks, keep, ended_at FROM stream_parts WHERE stream = ?",
  );
  const part = db.prepare<[number, string], PartRow>(
    "SELECT origin, first, chunks, keep, ended_at FROM stream_parts WHERE stream = ? AND origin = ?",
  );
  const putPart = db.prepare<unknown[]>(
    "INSERT OR REPLACE INTO stream_parts (stream, origin, first, chunks, keep, ended_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const dropPart = db.prepare<[number, string]>("DELETE FROM stream_parts WHERE stream = ? AND origin = ?");
  const dropParts = db.prepare<[number]>("DELETE FROM stream_parts WHERE stream = ?");
  const insert = db.prepare<unknown[]>(
    "INSERT INTO stream_entries (stream, place, kind, keep, origin, value) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const range = "FROM stream_entries WHERE stream = ? AND place >= ?";
  const read = db.prepare<unknown[], EntryRow>(
    `SELECT place, kind, keep, origin, value ${range} ORDER BY place LIMIT ?`,
  );
  const readPart = db.prepare<unknown[], EntryRow>(
    `SELECT place, kind, keep, origin, value ${range} AND (origin IS NULL OR origin = ?) ORDER BY place LIMIT ?`,
  );
  const isVoid = `${range} AND kind <> ${RESET}`;
  const size = "sum(CASE WHEN value IS NULL THEN 0 ELSE length(CAST(value AS BLOB)) END)";
  const bytesOf = db
    .prepare<[number, number, string], number | null>(`SELECT ${size} ${isVoid} AND origin = ?`)
    .pluck();
  const dropVoid = db.prepare<[number, number, string]>(`DELETE ${isVoid} AND origin = ?`);
  const left = db.prepare<[number, string], Pick<PartRow, "chunks" | "keep" | "ended_at">>(
    `SELECT sum(kind = ${CHUNK}) AS chunks, max(keep) AS keep, max(CASE WHEN kind <> ${CHUNK} THEN place END) AS ended_at
     FROM stream_entries WHERE stream = ? AND origin = ? AND kind <> ${RESET}`,
  );
  const dropEntries = db.prepare<[number]>("DELETE FROM stream_entries WHERE stream = ?");

  /** Deletes the entries of a part from there on. Returns how many bytes they had. */
  const voidPart = (stream: number, { origin, first }: PartRow, from: number): number => {
    const bytes = bytesOf.get(stream, from, origin) ?? 0;
    dropVoid.run(stream, from, origin);
    if (from <= first) dropPart.run(stream, origin);
    else {
      const rest = left.get(stream, origin);
      putPart.run(stream, origin, first, rest?.chunks ?? 0, rest?.keep ?? 0, rest?.ended_at ?? null);
    }
    return bytes;
  };

  const insertEntry = (stream: number, entry: StreamRow): void => {
    const kind = KINDS[entry.type];
    const keep = entry.type === "chunk" && entry.keep ? 1 : 0;
    const value = entry.type === "reset" ? String(entry.from) : entry.type === "end" ? null : entry.value;
    insert.run(stream, entry.index, kind, keep, entry.part ?? null, value);
  };

  return {
    /** False: the indexes are taken. */
    append(run: number, { stream: name, entries }: StreamWrite): boolean {
      const [first] = entries;
      const found = get.get(run, name);
      if (!first || first.index < (found?.next ?? 0)) return false;
      const stream = found ?? create.get(run, name);
      if (!stream) return false;
      let { next, bytes } = stream;
      const changed = new Map<string, Part>();
      const save = (): void => {
        for (const { origin, ...each } of changed.values())
          putPart.run(stream.number, origin, each.first, each.chunks, each.keep, each.ended_at);
        changed.clear();
      };
      for (const entry of entries) {
        if (entry.type === "reset") {
          save();
          const reset = entry.part === undefined ? parts.all(stream.number) : [part.get(stream.number, entry.part)];
          for (const each of reset) if (each) bytes -= voidPart(stream.number, each, entry.from);
        } else {
          const { part: origin, index } = entry;
          const empty = { origin, first: index, chunks: 0, keep: 0, ended_at: null };
          const known = changed.get(origin) ?? { ...(part.get(stream.number, origin) ?? empty) };
          changed.set(origin, known);
          if (entry.type === "chunk") {
            known.chunks++;
            if (entry.keep) known.keep = 1;
          } else known.ended_at = index;
          if (entry.type !== "end") bytes += Buffer.byteLength(entry.value);
        }
        insertEntry(stream.number, entry);
        next = entry.index + 1;
      }
      save();
      update.run(next, bytes, stream.number);
      return true;
    },
    read(
      run: number,
      { stream: name, from, limit, bytes = Infinity, part: of }: StreamQuery,
    ): Omit<StreamPage, "status" | "epoch"> {
      const stream = get.get(run, name);
      if (!stream) return { entries: [], next: 0 };
      const rows =
        of === undefined ? read.iterate(stream.number, from, limit) : readPart.iterate(stream.number, from, of, limit);
      const entries: StreamRow[] = [];
      let size = 0;
      for (const row of rows) {
        entries.push(entryOf(row));
        if (row.kind !== RESET && row.value !== null) size += Buffer.byteLength(row.value);
        if (size >= bytes) break;
      }
      return { entries, next: stream.next };
    },
    heads: (run: number): StreamHead[] =>
      all.all(run).map(({ number, name, next, bytes }) => ({
        stream: name,
        next,
        bytes,
        parts: parts.all(number).map(partOf),
      })),
    restart(run: number): void {
      for (const { number, next } of all.all(run)) {
        dropEntries.run(number);
        dropParts.run(number);
        insertEntry(number, { index: next, type: "reset", from: 0 });
        update.run(next + 1, 0, number);
      }
    },
    deleteAll(run: number): void {
      for (const { number } of all.all(run)) {
        dropEntries.run(number);
        dropParts.run(number);
      }
      drop.run(run);
    },
  };
}

const KINDS = { chunk: CHUNK, end: END, error: ERROR, reset: RESET } as const satisfies Record<
  StreamRow["type"],
  number
>;

function entryOf({ place: index, kind, keep, origin, value }: EntryRow): StreamRow {
  const part = origin ?? "";
  switch (kind) {
    case CHUNK:
      return { index, type: "chunk", part, value: value ?? "", ...(keep === 1 && { keep: true }) };
    case END:
      return { index, type: "end", part };
    case ERROR:
      return { index, type: "error", part, value: value ?? "" };
    default:
      return { index, type: "reset", ...(origin !== null && { part: origin }), from: Number(value) };
  }
}

const partOf = ({ origin: part, first, chunks, keep, ended_at }: PartRow): StreamPart => ({
  part,
  first,
  chunks,
  ...(keep === 1 && { keep: true }),
  ...(ended_at !== null && { endedAt: ended_at }),
});
