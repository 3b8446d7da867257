import { journal } from "./journal.ts";
import type { Chunk, Flight, Source } from "./model.ts";
import { number, readRows, text, type Row } from "./rows.ts";

export function chunksOf({ path, rows }: Source, size: number): Chunk[] {
  const count = Math.ceil(rows / size);
  return Array.from({ length: count }, (_, i) => ({ path, from: i * size, to: Math.min((i + 1) * size, rows) }));
}

export async function parse({ path, from, to }: Chunk): Promise<Flight[]> {
  "use task";
  return journal(async () => (await readRows(path)).slice(from, to).map(toFlight));
}

/** `{ date: "2001/01/01 01:10", delay: 95, distance: 2399, origin: "HNL", destination: "SFO" }` */
const toFlight = (row: Row): Flight => ({
  origin: text(row, "origin"),
  destination: text(row, "destination"),
  hour: Number(text(row, "date").slice(11, 13)),
  delay: number(row, "delay"),
  miles: number(row, "distance"),
});
