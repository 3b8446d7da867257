/** What the tests of streams share. */
import type { ReadableOptions, Run, StreamEntry } from "perdure";

/** All chunks until the end of the stream. */
export async function chunksOf<T = unknown>(run: Run, name?: string, options?: ReadableOptions): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of run.readable<T>(name, options)) chunks.push(chunk);
  return chunks;
}

/** All entries until the end of the stream, and what it failed with. */
export async function entriesOf(
  run: Run,
  name?: string,
  options: ReadableOptions = {},
): Promise<{ readonly entries: StreamEntry[]; readonly error?: unknown }> {
  const entries: StreamEntry[] = [];
  try {
    for await (const entry of run.readable(name, options).entries()) entries.push(entry);
    return { entries };
  } catch (error) {
    return { entries, error };
  }
}

/** In short: `3:a` is a chunk, `4!2` a reset from 2. */
export const short = (entries: readonly StreamEntry[]): string =>
  entries
    .map((each) => (each.type === "chunk" ? `${each.index}:${String(each.value)}` : `${each.index}!${each.from}`))
    .join(" ");

/** What is left of the chunks for who heeds the resets. */
export function valid(entries: readonly StreamEntry[]): unknown[] {
  let chunks: Extract<StreamEntry, { type: "chunk" }>[] = [];
  for (const entry of entries) {
    if (entry.type === "chunk") chunks.push(entry);
    else
      chunks = chunks.filter(
        ({ part, index }) => index < entry.from || (entry.part !== undefined && entry.part !== part),
      );
  }
  return chunks.map(({ value }) => value);
}
