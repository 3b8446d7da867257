/** What the transport does when connections, servers and chunks fail. */
import { createServer, type Server } from "node:http";
import type { UIMessageChunk } from "ai";
import { RunChatTransport, type RunChatTransportOptions } from "perdure-ai/chat";
import { expect, onTestFinished, test, vi } from "vitest";

const asked = { trigger: "submit-message" as const, chatId: "c", messageId: undefined, messages: [] };

const event = (id: number, chunk: object): string => `id: ${id}\ndata: ${JSON.stringify(chunk)}\n\n`;
const reset = (id: number, from: number, part?: string): string =>
  `id: ${id}\nevent: reset\ndata: ${JSON.stringify({ from, part })}\n\n`;
const END = "event: end\ndata: {}\n\n";

/** The answers of a server, in this order; the last one again and again. */
function answering(...answers: readonly (string | number)[]) {
  const fetch = vi.fn(async (): Promise<Response> => {
    const answer = answers[Math.min(fetch.mock.calls.length, answers.length) - 1]!;
    return typeof answer === "string"
      ? new Response(answer, { headers: { "content-type": "text/event-stream" } })
      : new Response(answer === 204 ? null : "no", { status: answer });
  });
  return fetch;
}

const opened = (options: RunChatTransportOptions, abortSignal?: AbortSignal): Promise<ReadableStream<UIMessageChunk>> =>
  new RunChatTransport({ retryDelay: 1, ...options }).sendMessages({ ...asked, abortSignal });

async function received(options: RunChatTransportOptions): Promise<UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of await opened(options)) chunks.push(chunk);
  return chunks;
}

const began = event(0, { type: "start", messageId: "m" });

test.each([
  ["says nothing", "", "the connection has ended before the stream"],
  ["fails", 502, "answered 502"],
])("a connection that %s is made again as often as the option says", async (_, answer, message) => {
  const fetch = answering(began, answer);
  await expect(received({ fetch, retries: 5 })).rejects.toThrow(message);
  expect(fetch).toHaveBeenCalledTimes(6);
});

test("a run in which nothing happens is waited for, however often its connection ends", async () => {
  const quiet = Array<string>(9).fill(":\n\n");
  const fetch = answering(began, ...quiet, event(1, { type: "finish" }) + END);
  expect(await received({ fetch, retries: 3 })).toHaveLength(2);
  expect(fetch).toHaveBeenCalledTimes(11);
});

test.each([
  [401, "answered 401: no"],
  [404, "answered 404: no"],
  [204, "the stream of the chat is gone"],
])("a server that answers %i is not asked again", async (status, message) => {
  const fetch = answering(began, status);
  await expect(received({ fetch })).rejects.toThrow(message);
  expect(fetch).toHaveBeenCalledTimes(2);
});

/** A server that sends one chunk, and then nothing. */
async function idleServer(): Promise<{ readonly api: string; readonly left: Promise<unknown> }> {
  let leave: (value: unknown) => void = () => {};
  const left = new Promise((resolve) => (leave = resolve));
  const server: Server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write(began);
    response.once("close", leave);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { api: `http://127.0.0.1:${(server.address() as { port: number }).port}`, left };
}

test("a reader that leaves ends an idle connection at once", async () => {
  const { api, left } = await idleServer();
  const reader = (await opened({ api })).getReader();
  await reader.read();
  await new Promise((resolve) => setImmediate(resolve)); // it waits for the next chunk
  await reader.cancel();
  await left;
});

test("an abort ends an idle connection, and the wait for the next one", async () => {
  const { api, left } = await idleServer();
  const idle = new AbortController();
  const reader = (await opened({ api }, idle.signal)).getReader();
  await reader.read();
  const next = reader.read();
  idle.abort();
  await expect(next).rejects.toMatchObject({ name: "AbortError" });
  await left;

  const waiting = new AbortController();
  const fetch = answering(began);
  const between = (await opened({ fetch, retryDelay: 1e9 }, waiting.signal)).getReader();
  await between.read();
  const never = between.read();
  setImmediate(() => waiting.abort());
  await expect(never).rejects.toMatchObject({ name: "AbortError" });
  expect(fetch).toHaveBeenCalledTimes(1);
});

const step = (id: number, ...types: readonly string[]): string =>
  types.map((type, place) => event(id + place, { type })).join("");

const typesOf = async (stream: string): Promise<string[]> =>
  (await received({ fetch: answering(stream + END) })).map(({ type }) => type);

test("several calls of models in one stream are one message", async () => {
  const stream = [
    began,
    step(1, "start-step", "finish-step", "finish"),
    event(4, { type: "start", messageId: "other" }),
    step(5, "start-step"),
  ];
  expect(await typesOf(stream.join(""))).toEqual(["start", "start-step", "finish-step", "finish", "start-step"]);
});

test("what another model replaces is taken back only if the model that failed has said something", async () => {
  const first = began + step(1, "start-step", "text-start", "finish-step");
  expect(await typesOf(`${first}${step(4, "reset-step", "start-step")}`)).toEqual([
    "start",
    "start-step",
    "text-start",
    "finish-step",
    "start-step",
  ]);
  expect(
    await typesOf(`${first}${step(4, "start-step", "text-start", "reset-step", "start-step", "text-start")}`),
  ).toEqual([
    "start",
    "start-step",
    "text-start",
    "finish-step",
    "start-step",
    "text-start",
    "reset-step",
    "text-start",
  ]);
});

test("a step of the model is taken back once, and not because of what the workflow or a tool has written", async () => {
  const open = began + step(1, "start-step", "text-start");
  const again = step(9, "start-step", "text-start");
  expect(await typesOf(`${open}${reset(7, 0, "m.stream[0]")}${step(8, "reset-step")}${again}`)).toEqual([
    "start",
    "start-step",
    "text-start",
    "reset-step",
    "text-start",
  ]);
  expect(await typesOf(`${open}${reset(7, 0, "agent[0]//m.generate~1[0]")}`)).toContain("reset-step");
  for (const part of ["", "agent[0]"]) expect(await typesOf(`${open}${reset(7, 0, part)}`)).not.toContain("reset-step");
  expect(await typesOf(`${open}${reset(7, 5, "{a}/search[0]")}`)).not.toContain("reset-step");
});
