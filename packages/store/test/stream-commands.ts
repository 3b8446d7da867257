import fc from "fast-check";
import type { TimedStore as Store } from "../src/conformance/timed.ts";
import type { StreamRow, StreamHead, StreamQuery } from "../src/index.ts";
import { compact, maybe, run, stepId, text } from "./drawn.ts";

const stream = fc.constantFrom("s", "t");
const part = fc.oneof(stepId, fc.constant(""));
const index = fc.nat({ max: 12 });

const kind = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant("chunk"), part, value: text, keep: maybe(fc.constant(true)) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("end"), part }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("error"), part, value: text }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("reset"), part: maybe(part), from: index }) },
);

/** Usually it continues one of the streams, which have few entries. */
export const streamWrite = fc
  .record({ run, stream, first: index, entries: fc.array(fc.tuple(kind, fc.nat({ max: 1 })), { maxLength: 4 }) })
  .map(({ first, entries: drawn, ...given }) => {
    let next = first;
    const entries = drawn.map(([entry, left]) => {
      const at = (next += left);
      next++;
      return compact({ index: at, ...entry }) as StreamRow;
    });
    return { type: "stream" as const, ...given, entries };
  });

export const streamQuery: fc.Arbitrary<StreamQuery> = fc
  .record({ run, stream, from: index, limit: fc.nat({ max: 5 }), bytes: maybe(index), part: maybe(part) })
  .map(compact);

/** All that is in the streams of these runs. */
export async function streamState(store: Store, runs: readonly string[]): Promise<unknown> {
  return Promise.all(
    runs.map(async (id) => {
      const heads = sortedHeads((await store.streams?.(id)) ?? []);
      const pages = heads.map(({ stream: name }) => store.readStream?.({ run: id, stream: name, from: 0, limit: 100 }));
      return { heads, pages: await Promise.all(pages) };
    }),
  );
}

export const sortedHeads = (heads: readonly StreamHead[]): StreamHead[] =>
  heads
    .map((head) => ({ ...head, parts: [...head.parts].sort((a, b) => (a.part < b.part ? -1 : 1)) }))
    .sort((a, b) => (a.stream < b.stream ? -1 : 1));
