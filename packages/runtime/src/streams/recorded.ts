import type { Store, StreamHead, StreamRow } from "@perdure/store";
import type { RecordedStreams } from "./log.ts";

/** Entries that one read of the store brings. */
const PAGE = 1_000;

/** What an execution that begins has to know of the streams of its run: the heads, and what the body has written. */
export async function recordedStreams(
  store: Store,
  run: string,
  heads: readonly StreamHead[],
): Promise<RecordedStreams> {
  const body = new Map<string, StreamRow[]>();
  for (const { stream, parts } of heads) {
    const own = parts.find(({ part }) => part === "");
    if (!own || !store.readStream) continue;
    const rows: StreamRow[] = [];
    for (let from = own.first; ;) {
      const page = await store.readStream({ run, stream, from, limit: PAGE, part: "" });
      rows.push(...(page?.entries ?? []));
      from = (rows.at(-1)?.index ?? 0) + 1;
      if ((page?.entries.length ?? 0) < PAGE) break;
    }
    body.set(stream, rows);
  }
  return { heads, body };
}
