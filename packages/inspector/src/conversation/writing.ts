import type { Run } from "perdure";
import type { Client } from "perdure/tools";
import type { WritingItem } from "../api-conversation.ts";
import { fieldsOf, partsOfStream } from "./messages.ts";
import { Texts } from "./texts.ts";

/** Chunks of one call that are read. */
const MOST = 10_000;
/** Calls that have begun to write last. */
const LATEST = 20;

/** The parts of streams that calls of models write, the latest first. */
async function writers(client: Client, run: string): Promise<{ readonly stream: string; readonly step: string }[]> {
  const heads = await client.streams(run);
  return heads
    .flatMap(({ stream, parts }) => parts.map(({ part, first }) => ({ stream, step: part, first })))
    .filter(({ step }) => /\.(?:generate|stream)(?:~\d+)?\[\d+\]$/u.test(step))
    .toSorted((one, other) => other.first - one.first);
}

export const hasWriting = async (client: Client, run: string): Promise<boolean> =>
  (await writers(client, run)).length > 0;

/** What calls of models that have not ended have written. */
export async function writingOf(client: Client, run: Run): Promise<WritingItem[]> {
  const latest = (await writers(client, run.id)).slice(0, LATEST);
  const texts = new Texts();
  const items = await Promise.all(
    latest.map(async ({ stream, step }) => {
      if (await isOver(run, step)) return [];
      const chunks = await client.chunks(run.id, stream, step, MOST);
      const said = chunks.filter((chunk) => /^(?:text|reasoning)-/u.test(String(fieldsOf(chunk)["type"])));
      const parts = partsOfStream(said).flatMap((part) =>
        part.type === "text" || part.type === "reasoning" ? [{ type: part.type, text: texts.of(part.text) }] : [],
      );
      return parts.length > 0 ? [{ step, parts }] : [];
    }),
  );
  return items.flat().toReversed();
}

/** Whether what the step has written is recorded, or is void since its attempt has failed. A step is not recorded while its first attempt lasts. */
const isOver = (run: Run, id: string): Promise<boolean> =>
  run.step(id).then(
    ({ state, dueAt }) => state !== "open" || (dueAt !== undefined && dueAt.getTime() > Date.now()),
    () => false,
  );
