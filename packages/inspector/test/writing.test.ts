/** What calls of models that have not ended have written to the streams of their run. */
import type { Run, StepInfo } from "perdure";
import type { Client } from "perdure/tools";
import { expect, test } from "vitest";
import { hasWriting, writingOf } from "../src/conversation/writing.ts";

const delta = (text: string): object => ({ type: "text-delta", id: "0", delta: text });

/** A run with streams, and the steps that are recorded of it. */
function world(
  written: Readonly<Record<string, readonly unknown[]>>,
  recorded: Readonly<Record<string, Partial<StepInfo>>> = {},
): readonly [Client, Run] {
  const parts = Object.keys(written).map((part, first) => ({ part, first, chunks: 1 }));
  const client = {
    streams: async () => [{ stream: "default", next: parts.length, bytes: 0, parts }],
    chunks: async (_run: string, _stream: string, part: string) => written[part] ?? [],
  };
  const run = {
    id: "a",
    step: async (id: string) => {
      if (recorded[id]) return recorded[id];
      throw new Error("not recorded");
    },
  };
  return [client as unknown as Client, run as unknown as Run];
}

const textsOf = async (...world: readonly [Client, Run]): Promise<[string, string[]][]> =>
  (await writingOf(...world)).map(({ step, parts }) => [
    step,
    parts.map((part) => ("text" in part ? `${part.type} ${part.text.text}` : part.type)),
  ]);

test("a call that has not ended has the text and the reasoning that have come, and nothing else of the stream", async () => {
  const chunks = [
    { type: "start" },
    { type: "reasoning-delta", id: "0", delta: "Hm." },
    delta("Once "),
    delta("upon"),
    { type: "tool-input-start", toolCallId: "c", toolName: "search" },
  ];
  const found = world({
    "writer.stream[1]": chunks,
    "{c}/search[0]": [delta("of a tool")],
    "": [delta("of the workflow")],
  });
  expect(await hasWriting(found[0], "a")).toBe(true);
  expect(await textsOf(...found)).toEqual([["writer.stream[1]", ["reasoning Hm.", "text Once upon"]]]);
});

test("a run whose streams no model writes has none", async () => {
  const found = world({ "copy[0]": [delta("x")] });
  expect([await hasWriting(found[0], "a"), await textsOf(...found)]).toEqual([false, []]);
});

test("what a call has written is not shown when it is recorded, nor while a failed attempt waits for the next", async () => {
  const hour = 3_600_000;
  const found = world(
    {
      "writer.stream[0]": [delta("recorded")],
      "writer.stream[1]": [delta("failed")],
      "writer.stream[2]": [delta("tried again")],
      "writer.stream[3]": [],
      "other.generate[0]": [delta("new")],
    },
    {
      "writer.stream[0]": { state: "completed" },
      "writer.stream[1]": { state: "open", dueAt: new Date(Date.now() + hour) },
      "writer.stream[2]": { state: "open", dueAt: new Date(Date.now() - hour) },
    },
  );
  expect(await textsOf(...found)).toEqual([
    ["writer.stream[2]", ["text tried again"]],
    ["other.generate[0]", ["text new"]],
  ]);
});
