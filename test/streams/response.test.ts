/** Streams as server-sent events: what a client gets that is slow, goes away, or connects again. */
import { createServer, get } from "node:http";
import { Readable as NodeReadable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { close, memoryStore, signal, start, toResponse, writable, type Run, type Store } from "perdure";
import { setup } from "perdure/testing";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";
import { installed } from "../process-state.ts";

async function write(count: number): Promise<void> {
  "use task: retries=0";
  const writer = writable<number>().getWriter();
  for (let index = 0; index < count; index++) await writer.write(index);
}

/** Writes so many chunks, and waits. */
export async function waits(count: number): Promise<void> {
  "use workflow: id=waits";
  await write(count);
  await signal("go");
}

async function begin(count: number, given: Parameters<typeof setup>[0] = {}): Promise<Run> {
  onTestFinished(close);
  setup(given);
  return start(waits, [count]);
}

const requestAfter = (id: string): Request => new Request("http://x/", { headers: { "last-event-id": id } });

/** The text of the response, as soon as it has what is wanted. */
async function textUntil(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: RegExp): Promise<string> {
  let text = "";
  while (!wanted.test(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString();
  }
  return text;
}

const readerOf = (response: Response): ReadableStreamDefaultReader<Uint8Array> => {
  if (!response.body) throw new Error("the response has no body");
  return response.body.getReader();
};

const store = (): Store => installed.runtime?.store ?? memoryStore();

const waitingReaders = (): unknown => Reflect.get(installed.runtime?.tails ?? {}, "tails");

test("a client that waits gets a comment every now and then, and one that does not read gets one at most", async () => {
  const run = await begin(1);
  const reader = readerOf(toResponse(run.readable(), { heartbeat: "20ms" }));
  expect(await textUntil(reader, /(:\n\n){4}/)).toMatch(/^(:\n\n)+id: 0\ndata: 0\n\n(:\n\n)+$|^(:\n\n)+$/);
  await pause(200);
  const began = performance.now();
  for (let times = 0; times < 4; times++) await reader.read();
  expect(performance.now() - began, "only the first one was there").toBeGreaterThan(20);
  await reader.cancel();
});

test("a process that closes, or a signal, cuts a response off, so that the client connects again", async () => {
  const run = await begin(2);
  const controller = new AbortController();
  const aborted = readerOf(toResponse(run.readable("default", { signal: controller.signal })));
  const reader = readerOf(toResponse(run.readable()));
  for (const each of [aborted, reader]) expect(await textUntil(each, /id: 1\n/)).toContain("data: 1\n\n");
  const texts = [aborted, reader].map((each) => textUntil(each, /event/));
  controller.abort();
  await close();
  expect(await Promise.all(texts)).toEqual(["", ""]);
});

test("a request that continues an earlier one is answered from there, whatever `from` says", async () => {
  const run = await begin(5);
  await expect.poll(async () => (await store().streams?.("waits"))?.[0]?.next).toBe(5);
  const reader = readerOf(toResponse(run.readable(), { from: 1, request: requestAfter("2") }));
  expect(await textUntil(reader, /data/)).toBe(":\n\nid: 3\ndata: 3\n\n");
  const other = readerOf(toResponse(run.readable(), { from: 1, request: new Request("http://x/") }));
  expect(await textUntil(other, /data/)).toBe(":\n\nid: 1\ndata: 1\n\n");
  await Promise.all([reader, other].map((each) => each.cancel()));
  for (const id of ["-1", "1.5", "x", "1".repeat(40)])
    expect(() => toResponse(run.readable(), { request: requestAfter(id) })).toThrow(/Last-Event-ID/);
});

test("a client that goes away leaves nothing behind", async () => {
  const run = await begin(1);
  const server = createServer((_, response) => {
    const { body } = toResponse(run.readable());
    if (body) pipeline(NodeReadable.fromWeb(body as never), response).catch(() => {});
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    const request = get({ port, host: "127.0.0.1" }, (response) => {
      response.once("data", () => {
        request.destroy();
        resolve();
      });
    });
  });
  await expect.poll(waitingReaders).toEqual(new Map());
});

test("a signal that outlives its readers keeps nothing of them", async () => {
  const run = await begin(3);
  const { signal: lasting } = new AbortController();
  let listeners = 0;
  const add = lasting.addEventListener.bind(lasting);
  const remove = lasting.removeEventListener.bind(lasting);
  lasting.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  lasting.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  const readable = run.readable("default", { signal: lasting });
  const reader = readable.entries().getReader();
  await reader.read();
  expect(listeners).toBe(1);
  await reader.cancel();
  expect(listeners).toBe(0);
});

test("a slow client has little of a long stream read for it", async () => {
  const truth = memoryStore();
  let reads = 0;
  const store = wrapStore(truth, (method, perform) => {
    if (method === "readStream") reads++;
    return perform();
  });
  const run = await begin(5_000, { store });
  await expect.poll(async () => (await truth.streams?.("waits"))?.[0]?.next).toBe(5_000);
  const reader = readerOf(toResponse(run.readable()));
  for (let times = 0; times < 5; times++) await reader.read();
  await pause(20);
  expect(reads).toBe(1);
  await reader.cancel();
});
