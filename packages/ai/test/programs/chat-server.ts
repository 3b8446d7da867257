// perdure-ignore-file WORKFLOW_TIMER, WORKFLOW_STATE: the model and the tools are durable
/** The server of a chat: its agent, its routes, and the page of chat-page.tsx. */
import { appendFileSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { convertToModelMessages, stepCountIs, streamText, tool, validateUIMessages, type UIMessage } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { configure, getRun, listRuns, recover, start, toResponse, type Run } from "perdure";
import { approve, deny, durableModel, durableTools } from "perdure-ai";
import { z } from "zod";

const { PORT, PAGE = "", LOG = "", HOLD_AT } = process.env;
configure({ pollInterval: "20ms" });

type Call = Parameters<MockLanguageModelV3["doStream"]>[0];
type Stream = Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"];
type Part = Stream extends ReadableStream<infer P> ? P : never;

/** What the model says, and which tool it calls then. It counts what it was asked, so it has to get the whole conversation. */
function answer({ prompt }: Call): { readonly text: string; readonly tool?: string } {
  const questions = prompt.filter(({ role }) => role === "user").length;
  const steps = prompt.length - 1 - prompt.findLastIndex(({ role }) => role === "user");
  if (questions > 1) return { text: `That was question ${questions}, after ${prompt.length - 1} other messages.` };
  if (steps === 0) return { text: "I look that up in the library.", tool: "search" };
  if (steps === 2) return { text: "The heart of a whale weighs 180 kg. I write that down.", tool: "mail" };
  return { text: "The e-mail is sent, and this was all that you wanted to know about the hearts of whales." };
}

let spoken = 0;

/** Begins with the id of the process, so that the words of two attempts differ. Stops at the word of this process that `HOLD_AT` names, and never continues. */
async function* speak(call: Call): AsyncGenerator<Part> {
  const { text, tool: toolName } = answer(call);
  const id = `text-${call.prompt.length}`;
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id };
  for (const word of [`[${process.pid}]`, ...text.split(" ")]) {
    if (++spoken === Number(HOLD_AT)) await new Promise(() => {});
    yield { type: "text-delta", id, delta: `${word} ` };
  }
  yield { type: "text-end", id };
  if (toolName !== undefined) yield { type: "tool-call", toolCallId: `call-${toolName}`, toolName, input: "{}" };
  const unified = toolName === undefined ? "stop" : "tool-calls";
  const usage = {
    inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: undefined },
    outputTokens: { total: 10, text: 10, reasoning: undefined },
  };
  yield { type: "finish", finishReason: { unified, raw: undefined }, usage };
}

const model = durableModel(
  new MockLanguageModelV3({
    doStream: async (call) => ({ stream: Readable.toWeb(Readable.from(speak(call))) as Stream }),
  }),
  { name: "librarian", stream: true, retries: 5 },
);

const inputSchema = z.object({});
const tools = durableTools(
  {
    search: tool({
      inputSchema,
      execute: async () => {
        appendFileSync(LOG, "search\n");
        return "180 kg";
      },
    }),
    mail: tool({
      inputSchema,
      needsApproval: true,
      execute: async () => {
        appendFileSync(LOG, "mail\n");
        return "sent";
      },
    }),
  },
  { stream: true },
);

async function reply(messages: UIMessage[]) {
  "use workflow";
  const valid = await validateUIMessages({ messages });
  const prompt = await convertToModelMessages(valid);
  return streamText({ model, tools, messages: prompt, stopWhen: stepCountIs(5) }).text;
}

/** The run of the latest turn of a chat. */
async function latest(chat: string): Promise<Run | undefined> {
  const [run] = await listRuns({ tags: chat, limit: 1 });
  return run && getRun(run.id);
}

const none = (): Response => new Response(null, { status: 204 });

async function respond(request: IncomingMessage): Promise<Response> {
  const [path, chat = "", action] = (request.url ?? "/").split("/").slice(2);
  if (path !== "chat") return page(request.url);
  if (request.method === "POST" && action === "approvals") {
    const { approvalId, approved } = (await json(request)) as {
      readonly approvalId: string;
      readonly approved: boolean;
    };
    const run = await latest(chat);
    return Response.json(run !== undefined && (await (approved ? approve : deny)(run.id, approvalId)));
  }
  if (request.method === "POST") {
    const { id, messages } = (await json(request)) as { readonly id: string; readonly messages: UIMessage[] };
    return toResponse((await start(reply, [messages], { tags: [id] })).readable());
  }
  const run = await latest(chat);
  if (action === "stream") {
    const headers = new Headers(request.headers as Record<string, string>);
    return run ? toResponse(run.readable(), { request: { headers } }) : none();
  }
  const [messages] = ((await run?.input()) ?? [[]]) as [UIMessage[]];
  return Response.json(messages);
}

function page(url: string | undefined): Response {
  const html = `<!doctype html><title>Chat</title><link rel="icon" href="data:,"><main></main>
    <script type="module">import { show } from "/page.mjs"; show(document.querySelector("main"), "animals")</script>`;
  return url === "/page.mjs"
    ? new Response(readFileSync(PAGE), { headers: { "content-type": "text/javascript" } })
    : new Response(html, { headers: { "content-type": "text/html" } });
}

await recover();
createServer((request, response) => {
  void (async () => {
    const { status, headers, body } = await respond(request);
    response.writeHead(status, Object.fromEntries(headers));
    if (body === null) response.end();
    else await pipeline(Readable.fromWeb(body as never), response);
  })().catch(() => response.destroy()); // the page was closed
}).listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
