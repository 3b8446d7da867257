/** Streams of runs, in one process: what writers and readers get, whatever store keeps them. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import {
  CancelledError,
  close,
  configure,
  FatalError,
  getRun,
  memoryStore,
  signal,
  sleep,
  start,
  toResponse,
  writable,
  type RuntimeOptions,
  type Store,
  type StreamReset,
} from "perdure";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";
import { documentStore } from "../contract/document-store.ts";
import { stores } from "../stores.ts";
import { chunksOf, entriesOf, short, valid } from "./kit.ts";

/** What a task does in each attempt, by the order of its attempts. */
type Attempt = (writer: WritableStreamDefaultWriter<unknown>, number: number) => Promise<unknown>;
let attempts: Attempt[] = [];
let options: Parameters<typeof writable>[1];

async function task(part = "task"): Promise<unknown> {
  "use task: retries=3, backoff=constant(0ms)";
  const attempt = attempts.shift();
  const writer = writable<unknown>("default", options).getWriter();
  try {
    return await attempt?.(writer, attempts.length);
  } finally {
    writer.releaseLock();
    void part;
  }
}

async function quiet(): Promise<string> {
  "use task: retries=3, backoff=constant(0ms)";
  const attempt = attempts.shift();
  if (!attempt) return "quiet";
  const writer = writable("default", options).getWriter();
  await attempt(writer, 0);
  return "written";
}

export async function one(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return task();
}

export async function silent(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return quiet();
}

export async function two(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  await task("first");
  return task("second");
}

async function add(value: number): Promise<number> {
  "use task: retries=0";
  return value + 1;
}

export async function counts(_id: string, to: number): Promise<number> {
  "use workflow: id={_id}";
  const writer = writable<number>("numbers").getWriter();
  let value = 0;
  while (value < to) {
    value = await add(value);
    await writer.write(value);
    await writer.write(value * 10);
  }
  await writer.close();
  return value;
}

function begin(given: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  attempts = [];
  options = {};
  onTestFinished(close);
  return setup(given);
}

const writes =
  (...chunks: unknown[]): Attempt =>
  async (writer) => {
    for (const chunk of chunks) await writer.write(chunk);
  };

test.each(["in-memory", "SQLite"])(
  "what a task writes is read while it writes, and afterwards from any index (%s)",
  async (name) => {
    begin({ store: stores[name]?.() ?? memoryStore() });
    let goOn: () => void = () => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    attempts = [
      async (writer) => {
        await writer.write("a");
        await gate;
        await writer.write({ b: new Date(5) });
        return writer.close();
      },
    ];
    const run = await start(one, ["r"]);
    const reader = run.readable().getReader();
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    goOn();
    expect(await reader.read()).toEqual({ done: false, value: { b: new Date(5) } });
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await run.result();
    expect(await chunksOf(run)).toEqual(["a", { b: new Date(5) }]);
    expect(await chunksOf(run, "default", { from: 1 })).toEqual([{ b: new Date(5) }]);
    expect(await chunksOf(run, "another")).toEqual([]);
  },
);

test("a reader gets a chunk only when it is committed", async () => {
  const truth = memoryStore();
  let hold: Promise<void> | undefined;
  let release: () => void = () => {};
  const store = wrapStore(truth, async (method, perform, args) => {
    const isStream = method === "commit" && (args[0] as { type: string }[]).some(({ type }) => type === "stream");
    if (isStream) await (hold = new Promise((resolve) => (release = resolve)));
    return (await perform()) as never;
  });
  begin({ store });
  attempts = [writes("a")];
  const run = await start(one, ["r"]);
  let got: unknown;
  void run
    .readable()
    .getReader()
    .read()
    .then(({ value }) => (got = value));
  await pause(50);
  expect([got, hold === undefined]).toEqual([undefined, false]);
  release();
  await expect.poll(() => got).toBe("a");
});

test("the chunks of an attempt that failed are void, and readers that received some are told", async () => {
  begin();
  const told: StreamReset[] = [];
  let goOn: () => void = () => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  attempts = [
    async (writer) => {
      await writer.write("a");
      await gate;
      await writer.write("b");
      throw new Error("not yet");
    },
    writes("c", "d"),
  ];
  const run = await start(one, ["r"]);
  const plain = run.readable().getReader();
  const telling = run.readable("default", { onReset: (reset) => told.push(reset) }).getReader();
  const late = run.readable("default", { from: 2 }).entries().getReader();
  for (const reader of [plain, telling]) expect((await reader.read()).value).toBe("a");
  goOn();
  await advance(0);
  await run.result();
  const rest: unknown[] = [];
  for (let next = await telling.read(); !next.done; next = await telling.read()) rest.push(next.value);
  expect(rest.slice(-2)).toEqual(["c", "d"]);
  expect(told).toEqual([{ index: 2, type: "reset", part: "task[0]", from: 0 }]);
  expect((await late.read()).value).toEqual(told[0]);
  const failed = (async () => {
    for (let next = await plain.read(); !next.done; next = await plain.read());
  })();
  await expect(failed).rejects.toMatchObject({ code: "STREAM_RESET" });
  await expect(failed).rejects.toThrow(/from index 0 on, are void/);
  expect(short((await entriesOf(run)).entries)).toBe("3:c 4:d");
  expect(await chunksOf(run)).toEqual(["c", "d"]);
});

test("with keep, the next attempt continues after the chunks of the one before, also if that had closed the stream", async () => {
  begin();
  options = { onRetry: "keep" };
  attempts = [
    async (writer) => {
      await writer.write("a");
      throw new Error("not yet");
    },
    async (writer) => {
      await writer.write("b");
      await writer.close();
      throw new Error("not yet");
    },
    writes("c"),
  ];
  const run = await start(one, ["r"]);
  await advance(0);
  await run.result();
  expect(await chunksOf(run)).toEqual(["a", "b", "c"]);
});

test("a step that ends with an attempt which writes nothing leaves nothing of the attempts before, unless they are kept", async () => {
  for (const onRetry of ["reset", "keep"] as const) {
    begin();
    options = { onRetry };
    attempts = [
      async (writer) => {
        await writer.write("a");
        throw new Error("not yet");
      },
    ];
    const run = await start(silent, [onRetry]);
    await advance(0);
    expect(await run.result()).toBe("quiet");
    expect(await chunksOf(run)).toEqual(onRetry === "keep" ? ["a"] : []);
    await close();
  }
});

test("a task that fails for good leaves what its last attempt has written, and readers get the failure of the run", async () => {
  begin();
  attempts = [
    async (writer) => {
      await writer.write("a");
      throw new FatalError("no");
    },
  ];
  const run = await start(one, ["r"]);
  const { entries, error } = await entriesOf(run);
  expect(short(entries)).toBe("0:a");
  expect(error).toMatchObject({ name: "FatalError", message: "no" });
});

test("several tasks write to one stream, which ends with the run; after close() it is closed for all", async () => {
  begin();
  attempts = [writes("a"), writes("b")];
  const run = await start(two, ["r"]);
  expect(await chunksOf(run)).toEqual(["a", "b"]);
  attempts = [
    async (writer) => {
      await writer.write("a");
      await writer.close();
    },
    writes("b"),
    writes("b"),
    writes("b"),
    writes("b"),
  ];
  const closed = await start(two, ["closed"]);
  closed.result().catch(() => {});
  expect(await chunksOf(closed)).toEqual(["a"]);
  await advance(0);
  await expect(closed.result()).rejects.toMatchObject({ code: "STREAM_CLOSED" });
  await expect(closed.result()).rejects.toThrow(/step task\[0\] has closed it/);
});

test("an abort ends the stream with its reason when the task has ended, and not when it is tried again", async () => {
  begin();
  const abort: Attempt = async (writer) => {
    await writer.write("a");
    await writer.abort(new RangeError("broken"));
  };
  attempts = [
    async (...given) => {
      await abort(...given);
      throw new Error("not yet");
    },
    writes("b"),
  ];
  const run = await start(one, ["r"]);
  await advance(0);
  await run.result();
  expect(await chunksOf(run)).toEqual(["b"]);
  attempts = [abort];
  const aborted = await start(one, ["aborted"]);
  await aborted.result();
  const { entries, error } = await entriesOf(aborted);
  expect(short(entries)).toBe("0:a");
  expect(error).toMatchObject({ name: "RangeError", message: "broken" });
});

test("an attempt that has ended cannot write any more", async () => {
  begin();
  let kept: WritableStreamDefaultWriter<unknown> | undefined;
  attempts = [async () => {}];
  attempts[0] = async () => {
    kept = writable("late").getWriter();
    await kept.write("in time");
  };
  const run = await start(one, ["r"]);
  await run.result();
  await expect(kept?.write("late")).rejects.toMatchObject({ code: "CALL_AFTER_END" });
  expect(await chunksOf(run, "late")).toEqual(["in time"]);
});

test("outside of a run there is nothing to write to, and a store without streams says so", async () => {
  expect(() => writable("tokens")).toThrow(/writable\("tokens"\) was called outside of a run/);
  begin({ store: documentStore() });
  attempts = [async () => {}];
  const run = await start(one, ["r"]);
  await advance("1m");
  await expect(run.result()).rejects.toMatchObject({ code: "STREAMS_NOT_SUPPORTED" });
  await expect(run.readable().getReader().read()).rejects.toMatchObject({ code: "STREAMS_NOT_SUPPORTED" });
});

test("a chunk that cannot be stored, or is too large, is refused with a message that names the stream", async () => {
  begin({ streams: { chunkBytes: 100, streamBytes: 300 } });
  const errors: unknown[] = [];
  const attempt =
    (chunk: unknown): Attempt =>
    async () => {
      const writer = writable("files").getWriter();
      await writer.write(chunk).catch((error: unknown) => errors.push(error));
    };
  attempts = [attempt({ client: { socket: () => 1 } }), attempt("x".repeat(100))];
  await (await start(two, ["r"])).result();
  attempts = [
    async (writer) => {
      for (let index = 0; index < 4; index++)
        await writer.write("x".repeat(90)).catch((error: unknown) => errors.push(error));
    },
  ];
  await (await start(one, ["many"])).result();
  expect(errors.map(String)).toEqual([
    expect.stringMatching(
      /the stream "files" was given \.client\.socket: a function, which cannot be stored \(step task\[0\] of run r\)/,
    ),
    expect.stringMatching(/a chunk of the stream "files" of run r would have 10\d bytes, and 100 are allowed/),
    expect.stringMatching(
      /all chunks together of the stream "default" of run many would have 38\d bytes, and 300 are allowed/,
    ),
  ]);
});

test("the body of a workflow writes each chunk once, however often it is replayed", async () => {
  const { crash } = begin();
  const { boundaries } = await crashEverywhere(counts, ["crash-everywhere", 4], {});
  expect(boundaries).toBeGreaterThan(5);
  crash();
  const run = await start(counts, ["r", 3]);
  expect(await run.result()).toBe(3);
  expect(await chunksOf(run, "numbers")).toEqual([1, 10, 2, 20, 3, 30]);
});

let isBroken = true;

async function fragile(): Promise<string> {
  "use task: retries=0";
  if (isBroken) throw new Error("broken");
  return "whole";
}

export async function reports(_id: string): Promise<string> {
  "use workflow: id={_id}";
  const writer = writable<string>().getWriter();
  await writer.write("begun");
  try {
    const found = await fragile();
    await writer.write(found);
    return found;
  } catch (error) {
    await writer.write("failed");
    throw error;
  } finally {
    await writer.close();
  }
}

test("what the body has written after a failure is void when the run is tried again from there", async () => {
  begin();
  isBroken = true;
  const run = await start(reports, ["r"]);
  await expect(run.result()).rejects.toThrow("broken");
  const before = await entriesOf(run);
  expect(short(before.entries)).toBe("0:begun 1:failed");
  isBroken = false;
  expect(await run.retry()).toBe(true);
  expect(await run.result()).toBe("whole");
  expect(short((await entriesOf(run)).entries)).toBe("0:begun 4:whole");
  expect(short((await entriesOf(run, "default", { from: 2 })).entries)).toBe("3!1 4:whole");
});

test("a restart voids everything, for readers that have received something", async () => {
  begin();
  attempts = [writes("a"), writes("b")];
  const run = await start(one, ["r"]);
  await run.result();
  expect(await chunksOf(run)).toEqual(["a"]);
  await run.restart();
  await run.result();
  expect(short((await entriesOf(run, "default", { from: 1 })).entries)).toBe("1!0 2:b");
  expect(short((await entriesOf(run)).entries)).toBe("2:b");
});

export async function waits(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  const writer = writable().getWriter();
  await writer.write("before");
  const answer = await signal("go");
  await writer.write(answer);
  await sleep("1s");
  return answer;
}

test("a cancelled run ends its streams with the cancellation, after the last chunk", async () => {
  begin();
  const run = await start(waits, ["r"]);
  const reading = entriesOf(run);
  await advance(0);
  await run.cancel("enough");
  const { entries, error } = await reading;
  expect(short(entries)).toBe("0:before");
  expect(error).toBeInstanceOf(CancelledError);
});

test("a reader that cancels, or whose signal aborts, leaves nothing behind", async () => {
  const { store } = begin();
  const run = await start(waits, ["r"]);
  const controller = new AbortController();
  const aborted = run.readable("default", { signal: controller.signal }).getReader();
  const cancelled = run.readable().getReader();
  for (const reader of [aborted, cancelled]) expect((await reader.read()).value).toBe("before");
  const [first, second] = [aborted.read(), cancelled.read()];
  await pause(5);
  controller.abort(new Error("enough"));
  await cancelled.cancel();
  await expect(first).rejects.toThrow("enough");
  expect(await second).toEqual({ done: true, value: undefined });
  await pause(5);
  const { installed } = await import("../process-state.ts");
  expect(Reflect.get(installed.runtime?.tails ?? {}, "tails")).toEqual(new Map());
  expect(await store.streams?.("r")).toHaveLength(1);
});

/** A store that counts its calls, and whether a commit has streams. */
function counted(truth: Store): { readonly store: Store; readonly calls: StoreMethod[]; readonly sizes: number[] } {
  const calls: StoreMethod[] = [];
  const sizes: number[] = [];
  const store = wrapStore(truth, (method, perform, args) => {
    calls.push(method);
    if (method === "commit")
      for (const write of args[0] as { type: string; entries?: unknown[] }[])
        if (write.type === "stream") sizes.push(write.entries?.length ?? 0);
    return perform();
  });
  return { store, calls, sizes };
}

test("chunks are committed in groups, the first one at once", async () => {
  const { store, sizes } = counted(memoryStore());
  begin({ store, streams: { flushEvery: "50ms" } });
  attempts = [
    async (writer) => {
      await writer.write("first");
      await pause(10);
      for (let index = 0; index < 1_000; index++) await writer.write(index);
    },
  ];
  await (await start(one, ["r"])).result();
  expect(sizes).toEqual([1, 1_000]);
});

test("chunks are committed before their time when they are many", async () => {
  const { store, sizes } = counted(memoryStore());
  begin({ store, streams: { flushEvery: "10m", flushBytes: 10_000 } });
  attempts = [
    async (writer) => {
      for (let index = 0; index < 100; index++) {
        await writer.write("x".repeat(1_000));
        if (index % 10 === 0) await pause(1);
      }
    },
  ];
  await (await start(one, ["r"])).result();
  expect(sizes.length).toBeGreaterThan(5);
  expect(Math.max(...sizes)).toBeLessThan(30);
});

test("a writer waits while too much awaits its commit, and readers get all of it", async () => {
  const truth = memoryStore();
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const store = wrapStore(truth, async (method, perform) => {
    if (method === "commit") await gate;
    return (await perform()) as never;
  });
  begin({ store, streams: { flushBytes: 1_000 } });
  let accepted = 0;
  attempts = [
    async (writer) => {
      for (; accepted < 100; accepted++) await writer.write("x".repeat(100));
    },
  ];
  const run = await start(one, ["r"]);
  await pause(100);
  expect(accepted).toBeGreaterThan(10);
  expect(accepted).toBeLessThan(50);
  release();
  await run.result();
  expect(await chunksOf(run)).toHaveLength(100);
});

test("a thousand readers of one stream read the store together", async () => {
  const { store, calls } = counted(memoryStore());
  begin({ store });
  let goOn: () => void = () => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  attempts = [
    async (writer) => {
      await gate;
      for (let index = 0; index < 20; index++) {
        await writer.write(index);
        await pause(1);
      }
    },
  ];
  const run = await start(one, ["r"]);
  const readers = Array.from({ length: 1_000 }, () => chunksOf(run));
  await pause(20);
  calls.length = 0;
  goOn();
  const all = await Promise.all(readers);
  expect(new Set(all.map(String))).toEqual(new Set([String(Array.from({ length: 20 }, (_, index) => index))]));
  expect(calls.filter((method) => method === "readStream").length).toBeLessThan(60);
});

test("a hundred thousand chunks are written and read", async () => {
  begin({ store: stores["SQLite"]?.() ?? memoryStore() });
  const COUNT = 100_000;
  attempts = [
    async (writer) => {
      for (let index = 0; index < COUNT; index++) await writer.write(`token ${index}`);
    },
  ];
  const run = await start(one, ["r"]);
  let received = 0;
  let sum = 0;
  for await (const chunk of run.readable<string>()) {
    sum += Number(chunk.slice(6));
    received++;
  }
  await run.result();
  expect([received, sum]).toEqual([COUNT, (COUNT * (COUNT - 1)) / 2]);
}, 60_000);

test("an outage of the store pauses writers and readers, and loses nothing", async () => {
  const truth = memoryStore();
  let isAway = false;
  const store = wrapStore(truth, async (_, perform) => {
    await pause(1);
    if (isAway) throw Object.assign(new Error("away"), { code: "STORE_UNREACHABLE" });
    return (await perform()) as never;
  });
  onTestFinished(close);
  attempts = [];
  options = {};
  const given: RuntimeOptions = { store, logLevel: "silent" };
  configure(given);
  attempts = [
    async (writer) => {
      for (let index = 0; index < 60; index++) {
        await writer.write(index);
        await pause(2);
        if (index === 20) isAway = true;
        if (index === 21) setTimeout(() => (isAway = false), 300);
      }
    },
  ];
  const run = await start(one, ["r"]);
  const { entries } = await entriesOf(run);
  expect(valid(entries)).toEqual(Array.from({ length: 60 }, (_, index) => index));
}, 20_000);

test("a stream is a response of server-sent events, which continues after the last event that a browser has", async () => {
  begin();
  attempts = [
    async (writer) => {
      await writer.write("a\nb");
      await writer.write({ n: 1 });
      throw new Error("not yet");
    },
    writes("c", undefined),
  ];
  const run = await start(one, ["r"]);
  await advance(0);
  await run.result();
  const response = toResponse(run.readable(), { headers: { "x-run": "r" } });
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(response.headers.get("x-run")).toBe("r");
  expect(await response.text()).toBe(':\n\nid: 3\ndata: "c"\n\nid: 4\ndata: null\n\nevent: end\ndata: {}\n\n');
  const request = new Request("http://x/", { headers: { "last-event-id": "1" } });
  expect(await toResponse(run.readable(), { request }).text()).toBe(
    ':\n\nid: 2\nevent: reset\ndata: {"from":0,"part":"task[0]"}\n\nid: 3\ndata: "c"\n\nid: 4\ndata: null\n\nevent: end\ndata: {}\n\n',
  );
  attempts = [async () => Promise.reject(new FatalError("no"))];
  const failed = await start(one, ["failed"]);
  expect(await toResponse(failed.readable()).text()).toBe(':\n\nevent: error\ndata: {"message":"FatalError: no"}\n\n');
  expect(await (await getRun("r")).status()).toBe("completed");
});
