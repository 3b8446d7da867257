/** What is in a stream when its writers end, and what readers hear of it. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { close, start, writable } from "perdure";
import { setup } from "perdure/testing";
import { chunksOf, entriesOf, short } from "./kit.ts";

/** What a task does in each attempt, by the order of its attempts. */
type Attempt = (writer: WritableStreamDefaultWriter<unknown>) => Promise<unknown>;
let attempts: Attempt[] = [];
let innerAttempts: Attempt[] = [];

async function inner(): Promise<unknown> {
  "use task: retries=0";
  const writer = writable().getWriter();
  return innerAttempts.shift()?.(writer);
}

async function outer(callsInner: boolean): Promise<unknown> {
  "use task: retries=3, backoff=constant(0ms)";
  if (callsInner) return inner();
  return attempts.shift()?.(writable().getWriter());
}

export async function writes(_id: string, callsInner: boolean): Promise<unknown> {
  "use workflow: id={_id}";
  return outer(callsInner);
}

export async function hasty(): Promise<void> {
  "use workflow: id=hasty";
  const writer = writable<number>().getWriter();
  for (let index = 0; index < 9; index++) void writer.write(index);
}

function begin(): void {
  setup();
  onTestFinished(close);
}

/** An attempt that closes the stream, and fails when readers have had the time to hear of that. */
const closesAndFails: Attempt = async (writer) => {
  await writer.write("a");
  await writer.close();
  for (let times = 0; times < 20; times++) await turn();
  throw new Error("not yet");
};

const closes: Attempt = async (writer) => {
  await writer.write("b");
  await writer.close();
};

test("a reader hears that another attempt is made, though the one before has closed the stream", async () => {
  begin();
  attempts = [closesAndFails, closes];
  const run = await start(writes, ["r", false]);
  const { entries, error } = await entriesOf(run);
  expect([short(entries), error]).toEqual(["0:a 1!0 2:b", undefined]);
});

test("a reader hears that a task is called anew, though it had closed the stream before it failed", async () => {
  begin();
  innerAttempts = [closesAndFails, closes];
  const run = await start(writes, ["r", true]);
  const { entries, error } = await entriesOf(run);
  expect([short(entries), error]).toEqual(["0:a 1!0 2:b", undefined]);
});

test("a stream that a task has closed ends with the task, and is closed for its other writers at once", async () => {
  begin();
  let isRead = false;
  let refusal: unknown;
  attempts = [
    async (writer) => {
      await writer.write("a");
      await writer.close();
      for (let times = 0; times < 20; times++) await turn();
      expect(isRead).toBe(false);
      await writable()
        .getWriter()
        .write("b")
        .catch((error: unknown) => (refusal = error));
    },
  ];
  const run = await start(writes, ["r", false]);
  const reading = chunksOf(run).then((chunks) => {
    isRead = true;
    return chunks;
  });
  await run.result();
  expect(await reading).toEqual(["a"]);
  expect(refusal).toMatchObject({
    code: "STREAM_CLOSED",
    message: expect.stringContaining("the task itself") as string,
  });
});

test("what is given to write() is written, though nobody awaits it before the task or the workflow ends", async () => {
  begin();
  attempts = [async (writer) => void [..."0123456789"].map((chunk) => writer.write(chunk))];
  const run = await start(writes, ["r", false]);
  await run.result();
  expect(await chunksOf(run)).toEqual([..."0123456789"]);
  const other = await start(hasty, []);
  await other.result();
  expect(await chunksOf(other)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
