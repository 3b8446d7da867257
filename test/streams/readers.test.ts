/** Readers of a run that another process executes, or another one with its id. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { close, configure, getRun, memoryStore, start, toResponse, type Store } from "perdure";
import { fullFingerprint } from "../../packages/runtime/src/values/fingerprint.ts";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";

export async function talks(): Promise<void> {
  "use workflow: id=talks";
  await Promise.resolve();
}

/** Starts the run in another process, as far as this one knows, and writes these chunks. Returns what writes another one. */
async function elsewhere(truth: Store, chunks: readonly string[] = []): Promise<(text: string) => Promise<void>> {
  const { run } = await truth.createRun({
    id: "talks",
    workflow: "talks",
    file: "test/streams/readers.test.ts",
    input: "1:=[]",
    inputHash: fullFingerprint([], "1:=[]"),
    seed: "s",
    code: "c",
    modules: `{"version":1,"modules":[]}`,
    lease: { owner: "another process", ms: 1e9 },
  });
  let index = 0;
  const write = async (text: string): Promise<void> => {
    const entries = [{ index: index++, type: "chunk", part: "", value: `1:=${JSON.stringify(text)}` }] as const;
    const write = { type: "stream", run: run.id, epoch: run.epoch, stream: "default", entries } as const;
    expect(await truth.commit([write])).toEqual([true]);
  };
  for (const chunk of chunks) await write(chunk);
  return write;
}

/** Ends the run, and deletes it. */
async function remove(truth: Store): Promise<void> {
  const epoch = (await truth.getRun("talks"))?.epoch ?? 0;
  await truth.commit([{ type: "finish", run: "talks", epoch, status: "completed", output: "1:=null", unhandled: [] }]);
  expect(await truth.delete({ run: "talks" })).toBe(true);
}

function begin(store: Store, pollInterval: "20ms" | "1h" = "20ms"): void {
  onTestFinished(close);
  configure({ store, logLevel: "silent", lease: "12h", pollInterval });
}

test("a reader that begins to wait while this process asks for the run gets what another process writes", async () => {
  const truth = memoryStore();
  const write = await elsewhere(truth);
  let isAsked = false;
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  const store = wrapStore(truth, async (method, perform) => {
    if (method === "createRun") {
      isAsked = true;
      await held;
    }
    return (await perform()) as never;
  });
  begin(store);
  const run = await getRun("talks");
  const asking = start(talks, []);
  await expect.poll(() => isAsked).toBe(true);
  const reader = run.readable().getReader();
  const first = reader.read();
  await pause(30);
  answer();
  await asking;
  await write("a");
  expect(await Promise.race([first, pause(2_000)])).toEqual({ done: false, value: "a" });
});

test("what a reader could not read is read again for the next one", async () => {
  const truth = memoryStore();
  await elsewhere(truth, ["a"]);
  let fails = false;
  const store = wrapStore(truth, async (method, perform) => {
    await pause(1);
    if (method === "readStream" && fails) throw new Error("the disk is broken");
    return (await perform()) as never;
  });
  begin(store, "1h");
  const run = await getRun("talks");
  const waiting = run.readable("default", { from: 1 }).getReader();
  const next = waiting.read();
  await pause(30);
  fails = true;
  await expect(run.readable().getReader().read()).rejects.toThrow("the disk is broken");
  fails = false;
  expect(await run.readable().getReader().read()).toEqual({ done: false, value: "a" });
  await waiting.cancel();
  await next;
});

test("a reader hears that the run was deleted and another one has its id, and gets that one's chunks", async () => {
  const truth = memoryStore();
  await elsewhere(truth, ["a", "b", "c"]);
  begin(truth);
  const run = await getRun("talks");
  const reader = run.readable().entries().getReader();
  const plain = run.readable().getReader();
  for (const each of [reader, plain]) for (let times = 0; times < 3; times++) await each.read();
  const next = Promise.allSettled([reader.read(), plain.read()]);
  await remove(truth);
  const write = await elsewhere(truth, ["d"]);
  const [reset, failure] = await next;
  expect(reset).toMatchObject({ value: { value: { index: -1, type: "reset", from: 0 } } });
  expect(failure).toMatchObject({ reason: { code: "STREAM_RESET" } });
  await write("e");
  expect((await reader.read()).value).toMatchObject({ index: 0, value: "d" });
  expect((await reader.read()).value).toMatchObject({ index: 1, value: "e" });
  await reader.cancel();
});

test("a browser that connects again, and has more than there is, is told that it has nothing of this run", async () => {
  const truth = memoryStore();
  await elsewhere(truth, ["a"]);
  begin(truth);
  const request = new Request("http://x/", { headers: { "last-event-id": "1" } });
  const reader = toResponse((await getRun("talks")).readable(), { request }).body?.getReader();
  let text = "";
  while (!text.includes('"a"')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
  expect(text).toBe(':\n\nid:\nevent: reset\ndata: {"from":0}\n\nid: 0\ndata: "a"\n\n');
  await reader?.cancel();
});

test("a reader gets the chunks of a run that is tried again, and ends, between two looks at the end", async () => {
  const truth = memoryStore();
  await elsewhere(truth, ["a"]);
  const finish = (epoch: number, status: "failed" | "completed") =>
    ({ type: "finish", run: "talks", epoch, status, output: "1:=null", unhandled: [] }) as const;
  await truth.commit([finish(1, "failed")]);
  let isRead = false;
  const store = wrapStore(truth, async (method, perform) => {
    if (method === "readStream") isRead = true;
    else if (method === "getRun" && isRead) {
      isRead = false;
      if ((await truth.getRun("talks"))?.status === "failed") {
        await truth.retry({ run: "talks" });
        await truth.claim({ run: "talks", lease: { owner: "another process", ms: 1e9 } });
        const entries = [{ index: 1, type: "chunk", part: "", value: '1:="b"' }] as const;
        const write = { type: "stream", run: "talks", epoch: 2, stream: "default", entries } as const;
        expect(await truth.commit([write, finish(2, "completed")])).toEqual([true, true]);
      }
    }
    return (await perform()) as never;
  });
  begin(store);
  const received: unknown[] = [];
  for await (const chunk of (await getRun("talks")).readable()) received.push(chunk);
  expect(received).toEqual(["a", "b"]);
});
