import { createServer, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  generateText,
  isStepCount,
  readUIMessageStream,
  streamText,
  tool,
  toUIMessageStream,
  validateUIMessages,
  type UIMessage,
  type UIMessageChunk,
} from "ai";
import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { close, getRun, start, toResponse, type Run } from "perdure";
import { approve, deny, durableModel, durableTools } from "perdure-ai";
import { RunChatTransport } from "perdure-ai/chat";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { documentStore } from "../../../test/contract/document-store.ts";
import { mockModel, text, toolCall, turnOf } from "./models.ts";

beforeEach(() => void setup({ logLevel: "silent" }));
afterEach(() => close());

const base = mockModel((call) =>
  turnOf(call) === 0
    ? [toolCall("search", { query: "whales" }, "s"), toolCall("mail", { to: "ada" }, "m"), toolCall("broken", {}, "b")]
    : text("Whales are large."),
);
const tools = durableTools(
  {
    search: tool({ inputSchema: z.object({ query: z.string() }), execute: async () => ["large"] }),
    mail: tool({ inputSchema: z.object({ to: z.string() }), needsApproval: true, execute: async () => "sent" }),
    broken: tool({
      inputSchema: z.object({}),
      execute: (): Promise<string> => Promise.reject(new Error("secret")),
    }),
  },
  { stream: true, retries: 0 },
);
const model = durableModel(base, { name: "writer", stream: true });

async function streaming() {
  "use workflow: id=streaming";
  return streamText({ model, tools, prompt: "Whales?", stopWhen: isStepCount(3) }).text;
}

async function generating() {
  "use workflow: id=generating";
  return (await generateText({ model, tools, prompt: "Whales?", stopWhen: isStepCount(3) })).text;
}

async function all(run: Run): Promise<UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of run.readable<UIMessageChunk>()) chunks.push(chunk);
  return chunks;
}

/** What a browser makes of the chunks. */
async function messageOf(chunks: readonly UIMessageChunk[]): Promise<UIMessage | undefined> {
  let message: UIMessage | undefined;
  const stream = simulateReadableStream({ chunks: [...chunks], chunkDelayInMs: null, initialDelayInMs: null });
  for await (const each of readUIMessageStream({ stream })) message = each;
  return message;
}

const parts = (isApproved: boolean) => [
  { type: "step-start" },
  expect.objectContaining({ type: "tool-search", state: "output-available", output: ["large"] }),
  isApproved
    ? expect.objectContaining({
        type: "tool-mail",
        state: "output-available",
        output: "sent",
        input: { to: "ada" },
        approval: { id: "m", approved: true },
      })
    : expect.objectContaining({
        type: "tool-mail",
        state: "output-denied",
        approval: { id: "m", approved: false, reason: "too late" },
      }),
  expect.objectContaining({ type: "tool-broken", state: "output-error", errorText: "An error occurred." }),
  { type: "step-start" },
  expect.objectContaining({ type: "text", text: "Whales are large.", state: "done" }),
];

test.each([
  ["streamText", streaming, true],
  ["streamText", streaming, false],
  ["generateText", generating, true],
])("the stream of a run with %s shows a browser the message of the agent", async (_, workflow, isApproved) => {
  const run = await start(workflow, []);
  await settled();
  await (isApproved ? approve(run.id, "m") : deny(run.id, "m", "too late"));
  expect(await run.result()).toBe("Whales are large.");
  const chunks = await all(run);
  const message = await messageOf(chunks);
  expect(message?.parts).toEqual(parts(isApproved));
  expect(await validateUIMessages({ messages: [message] })).toEqual([message]);
  expect(chunks.filter(({ type }) => type === "start" || type === "finish")).toHaveLength(2);
  expect(chunks).toContainEqual({ type: "tool-approval-request", approvalId: "m", toolCallId: "m" });
});

test.each([streaming, generating])(
  "a crash at any durable write, chunks included, changes nothing",
  async (workflow) => {
    const signals = { "approval:m": { approved: true } };
    const report = await crashEverywhere(workflow, [], { signals, options: { logLevel: "silent" } });
    expect(report.steps).toHaveLength(2 + 3 + 2);
  },
);

test("watchers have the tokens while the model still speaks", async () => {
  let finish: () => void = () => {};
  const said = new Promise<void>((resolve) => (finish = resolve));
  const slow = vi.spyOn(base, "doStream").mockImplementation(async () => ({
    stream: new ReadableStream({
      async start(controller) {
        controller.enqueue({ type: "text-start", id: "1" });
        controller.enqueue({ type: "text-delta", id: "1", delta: "Wha" });
        await said;
        controller.enqueue({ type: "text-end", id: "1" });
        const usage = { inputTokens: {}, outputTokens: {} } as never;
        controller.enqueue({ type: "finish", finishReason: { unified: "stop", raw: undefined }, usage });
        controller.close();
      },
    }),
  }));
  const run = await start(streaming, []);
  const reader = run.readable<UIMessageChunk>().getReader();
  const seen: string[] = [];
  while (seen.at(-1) !== "text-delta") seen.push((await reader.read()).value?.type ?? "ended");
  expect(seen).toEqual(["start", "start-step", "text-start", "text-delta"]);
  expect(await run.steps()).toEqual([]);
  await reader.cancel();
  finish();
  await run.result();
  slow.mockRestore();
});

async function failOnce(): Promise<void> {
  const chunks = [
    { type: "text-start", id: "1" },
    { type: "text-delta", id: "1", delta: "Wrong" },
    { type: "error", error: new Error("overloaded") },
  ] as const;
  const broken = vi.spyOn(base, "doStream").mockImplementationOnce(async () => ({
    stream: simulateReadableStream({ chunks: [...chunks] }),
  }));
  await Promise.resolve(broken);
}

const chat = async (run: Run, response: ServerResponse, request?: Request): Promise<void> => {
  const answer = toResponse(run.readable(), request ? { request } : {});
  response.writeHead(200, Object.fromEntries(answer.headers));
  await pipeline(Readable.fromWeb(answer.body as never), response).catch(() => {});
};

/** A server of which each connection breaks after so many chunks. */
async function serve(
  breakAfter: number,
): Promise<{ readonly api: string; readonly server: Server; readonly connections: () => number }> {
  let connections = 0;
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === "/api/chat/nobody/stream") return response.writeHead(204).end();
      const run = request.method === "POST" ? await start(streaming, []) : await getRun("streaming");
      connections++;
      let left = breakAfter;
      const write = response.write.bind(response) as (chunk: Uint8Array) => boolean;
      response.write = ((chunk: Uint8Array) => {
        if (left-- <= 0) response.destroy();
        return write(chunk);
      }) as typeof response.write;
      return chat(run, response, { headers: new Headers(request.headers as Record<string, string>) } as Request);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return { api: `http://127.0.0.1:${port}/api/chat`, server, connections: () => connections };
}

const asked = { trigger: "submit-message" as const, messageId: undefined, messages: [], abortSignal: undefined };

async function received(stream: ReadableStream<UIMessageChunk>): Promise<UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test("the transport continues after each break, and has each chunk once", async () => {
  setup({ logLevel: "silent" });
  const { api, server, connections } = await serve(4);
  const transport = new RunChatTransport({ api, retryDelay: 5 });
  const reading = received(await transport.sendMessages({ chatId: "c", ...asked }));
  await settled();
  await approve("streaming", "m");
  const chunks = await reading;
  expect(chunks).toEqual(JSON.parse(JSON.stringify(await all(await getRun("streaming")))));
  expect(connections()).toBeGreaterThan(3);
  expect((await messageOf(chunks))?.parts).toEqual(parts(true));

  const again = await transport.reconnectToStream({ chatId: "c" });
  expect(await received(again ?? new ReadableStream())).toEqual(chunks);
  expect(await transport.reconnectToStream({ chatId: "nobody" })).toBeNull();
  server.close();
  server.closeAllConnections();
});

test("the transport takes back what an attempt said that is tried again", async () => {
  await failOnce();
  const { api, server } = await serve(Infinity);
  const reading = received(await new RunChatTransport({ api, retryDelay: 5 }).sendMessages({ chatId: "c", ...asked }));
  await vi.waitFor(async () => expect(await (await getRun("streaming")).steps()).toHaveLength(1));
  await advance("2s");
  await settled();
  await approve("streaming", "m");
  const chunks = await reading;
  expect(chunks.map(({ type }) => type)).toContain("reset-step");
  expect((await messageOf(chunks))?.parts).toEqual(parts(true));
  server.close();
  server.closeAllConnections();
});

const fallback = durableModel(base, {
  name: "first",
  retries: 0,
  stream: true,
  fallback: mockModel(() => text("Right.")),
});

async function fallingBack() {
  "use workflow: id=streaming";
  return streamText({ model: fallback, prompt: "Whales?" }).text;
}

test("what a model has said that has failed for good is void once its fallback answers", async () => {
  await failOnce();
  const run = await start(fallingBack, []);
  expect(await run.result()).toBe("Right.");
  const transport = new RunChatTransport({ fetch: async () => toResponse(run.readable()) });
  const chunks = await received(await transport.sendMessages({ chatId: "c", ...asked }));
  expect(JSON.stringify(chunks)).toContain("Wrong");
  expect((await messageOf(chunks))?.parts).toEqual([
    { type: "step-start" },
    expect.objectContaining({ type: "text", text: "Right." }),
  ]);
});

const strict = {
  ...durableTools(
    { search: tool({ inputSchema: z.object({ query: z.string() }), execute: async () => "found" }) },
    { stream: true },
  ),
  ...durableTools({ quiet: tool({ inputSchema: z.object({}), execute: async () => "secret" }) }),
};
const clumsy = durableModel(
  mockModel((call) =>
    turnOf(call) === 0
      ? [toolCall("search", { query: 1 }, "s"), toolCall("missing", {}, "m"), toolCall("quiet", {}, "q")]
      : text("Done."),
  ),
  { name: "clumsy", stream: true },
);

async function stumbling() {
  "use workflow";
  return streamText({ model: clumsy, tools: strict, prompt: "?", stopWhen: isStepCount(3) }).text;
}

test("watchers learn of calls that the SDK has refused, and not what tools return that write to no stream", async () => {
  const run = await start(stumbling, []);
  expect(await run.result()).toBe("Done.");
  expect((await messageOf(await all(run)))?.parts).toMatchObject([
    { type: "step-start" },
    { type: "tool-search", state: "output-error" },
    { type: "tool-missing", state: "output-error" },
    { type: "tool-quiet", state: "input-available" },
    { type: "step-start" },
    { type: "text", text: "Done." },
  ]);
  await crashEverywhere(stumbling, [], { options: { logLevel: "silent" } });
});

const metadata = (value: string) => ({ providerMetadata: { mock: { value } } });
const rich: readonly object[] = [
  { type: "reasoning-start", id: "r" },
  { type: "reasoning-delta", id: "r", delta: "Hm." },
  { type: "reasoning-end", id: "r", ...metadata("signature") },
  { type: "text-start", id: "t", ...metadata("item") },
  { type: "text-delta", id: "t", delta: "Found." },
  { type: "text-end", id: "t" },
  { type: "custom", kind: "mock.thing", ...metadata("thing") },
  { type: "file", mediaType: "image/png", data: { type: "data", data: new Uint8Array([1, 2]) } },
  { type: "source", sourceType: "document", id: "d", mediaType: "text/plain", title: "T", filename: "t.txt" },
  {
    type: "tool-call",
    toolCallId: "w",
    toolName: "web",
    dynamic: true,
    input: "{}",
    providerExecuted: true,
    ...metadata("call"),
  },
  { type: "tool-result", toolCallId: "w", toolName: "web", dynamic: true, result: "no network", isError: true },
  { type: "tool-call", toolCallId: "v", toolName: "web", dynamic: true, input: "{}", providerExecuted: true },
  { type: "tool-result", toolCallId: "v", toolName: "web", dynamic: true, result: ["page"], ...metadata("result") },
  { type: "finish", finishReason: { unified: "length" }, usage: { inputTokens: {}, outputTokens: {} } },
];
const richModel = durableModel(
  new MockLanguageModelV4({
    doStream: async () => ({ stream: simulateReadableStream({ chunks: [...rich] as never }) }),
  }),
  { name: "rich", stream: true },
);

async function answeringRichly() {
  "use workflow";
  const result = streamText({ model: richModel, prompt: "?" });
  const chunks: unknown[] = [];
  for await (const chunk of toUIMessageStream({ stream: result.fullStream, sendSources: true })) chunks.push(chunk);
  return chunks as UIMessageChunk[];
}

test("watchers get what the SDK itself makes of the parts of a provider, with its metadata", async () => {
  const run = await start(answeringRichly, []);
  const expected = await run.result();
  expect(expected).toHaveLength(rich.length + 3);
  const unnamed = (chunk: UIMessageChunk): UIMessageChunk => (chunk.type === "start" ? { type: "start" } : chunk);
  expect((await all(run)).map(unnamed)).toEqual(expected.map(unnamed));
});

const painter = mockModel(() => [
  { type: "file", mediaType: "image/png", data: { type: "data", data: new Uint8Array(9_000) } },
]);
const painting = durableModel(painter, { name: "painter", stream: true });

async function paint() {
  "use workflow";
  await generateText({ model: painting, prompt: "?" });
}

test.each([
  ["into a stream whose limit it exceeds", { streams: { chunkBytes: 1_000 } }, "STREAM_TOO_LARGE", 1],
  ["where the store has no streams", { store: "documents" }, "STREAMS_NOT_SUPPORTED", 0],
])("an answer is not paid again and again to write it %s", async (_, { store, ...options }: Settings, code, calls) => {
  setup({ logLevel: "silent", ...options, ...(store !== undefined && { store: documentStore() }) });
  const asking = vi.spyOn(painter, "doGenerate");
  const run = await start(paint, []);
  await expect(run.result()).rejects.toMatchObject({ code });
  expect(asking).toHaveBeenCalledTimes(calls);
  asking.mockRestore();
});

interface Settings {
  readonly streams?: { readonly chunkBytes: number };
  readonly store?: string;
}

/** A transport whose requests are answered in this way, one after the other. */
function transportFor(...answers: readonly (() => Response)[]): {
  readonly transport: RunChatTransport;
  readonly requests: Headers[];
} {
  const requests: Headers[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const answer = answers[requests.length] ?? away;
    requests.push(new Headers(init?.headers));
    return answer();
  };
  return { transport: new RunChatTransport({ fetch, retryDelay: 1, retries: 3 }), requests };
}

const events = (text: string): Response => new Response(text, { headers: { "content-type": "text/event-stream" } });
const away = (): never => {
  throw new TypeError("fetch failed");
};
const unavailable = (): Response => new Response("deploying", { status: 503 });

test("the transport waits for a server that is away, as often as `retries` says", async () => {
  const first = (): Response => events('id: 3\ndata: {"type":"start"}\n\n');
  const rest = (): Response => events('id: 4\ndata: {"type":"finish"}\n\nevent: end\ndata: {}\n\n');
  const { transport, requests } = transportFor(away, unavailable, first, unavailable, away, rest);
  const stream = await transport.reconnectToStream({ chatId: "c" });
  expect(await received(stream ?? new ReadableStream())).toEqual([{ type: "start" }, { type: "finish" }]);
  expect(requests.map((headers) => headers.get("last-event-id"))).toEqual([null, null, null, "3", "3", "3"]);

  const { transport: closed } = transportFor(away, away, away);
  await expect(closed.reconnectToStream({ chatId: "c" })).rejects.toThrow("fetch failed");
  const { transport: broken } = transportFor(unavailable, unavailable, unavailable, unavailable);
  await expect(broken.reconnectToStream({ chatId: "c" })).rejects.toThrow("answered 503: deploying");
});

test("the transport sends messages once, and fails where the run is no more", async () => {
  const { transport, requests } = transportFor(away);
  await expect(transport.sendMessages({ chatId: "c", ...asked })).rejects.toThrow("fetch failed");
  expect(requests).toHaveLength(1);

  const gone = transportFor(
    () => events('id: 0\ndata: {"type":"start"}\n\n'),
    () => new Response(null, { status: 204 }),
  );
  await expect(gone.transport.sendMessages({ chatId: "c", ...asked }).then(received)).rejects.toThrow("is gone");
});

test("a stream of the transport that is cancelled ends its connection", async () => {
  let isCancelled = false;
  const body = new ReadableStream({ cancel: () => void (isCancelled = true) });
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    init?.signal?.addEventListener("abort", () => void (isCancelled = true));
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  const stream = await new RunChatTransport({ fetch }).sendMessages({ chatId: "c", ...asked });
  await stream.cancel();
  expect(isCancelled).toBe(true);
});

test("the transport shows what the run failed with, and an answer of the server that is an error", async () => {
  const { transport } = transportFor(() => new Response("no such chat", { status: 404 }));
  await expect(transport.reconnectToStream({ chatId: "c" })).rejects.toThrow("answered 404: no such chat");
  const { transport: page } = transportFor(
    () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  );
  await expect(page.sendMessages({ chatId: "c", ...asked })).rejects.toThrow(
    "/api/chat answered with text/html: return toResponse(run.readable()) from it",
  );
  const { transport: failing } = transportFor(() => events('event: error\ndata: {"message":"Error: no"}\n\n'));
  expect(await received(await failing.sendMessages({ chatId: "c", ...asked }))).toEqual([
    { type: "error", errorText: "Error: no" },
  ]);
});
