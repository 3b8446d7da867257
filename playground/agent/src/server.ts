import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { env } from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { json } from "node:stream/consumers";
import type { ReadableStream } from "node:stream/web";
import { getRun, recover, start, toResponse } from "perdure";
import { approve, deny, pendingApprovals, usageOf } from "perdure-ai";
import { research } from "./agent.ts";
import page from "../page/index.html?raw";

/** What the routes answer: a web-standard response, or what is sent as JSON. */
type Answer = Response | object;

const routes: readonly [
  method: string,
  path: RegExp,
  (request: IncomingMessage, ...ids: string[]) => Promise<Answer>,
][] = [
  ["GET", /^\/$/u, async () => new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } })],
  [
    "POST",
    /^\/runs$/u,
    async (request) => {
      const { question } = (await json(request)) as { readonly question: string };
      const { id } = await start(research, [question]);
      return { id };
    },
  ],
  [
    // an EventSource that connects again says what it has seen last; the page says from where after a reset
    "GET",
    /^\/runs\/([^/]+)\/stream$/u,
    async (request, id) => {
      const from = new URL(request.url ?? "/", "http://localhost").searchParams.get("from");
      const last = request.headers["last-event-id"];
      const headers = new Headers(typeof last === "string" ? { "last-event-id": last } : {});
      return toResponse((await getRun(id)).readable("default", { from: Number(from ?? 0) }), { request: { headers } });
    },
  ],
  ["GET", /^\/runs\/([^/]+)\/approvals$/u, async (_, id) => pendingApprovals(await getRun(id))],
  [
    "POST",
    /^\/runs\/([^/]+)\/approvals\/([^/]+)$/u,
    async (request, id, call) => {
      const { approved, reason } = (await json(request)) as { readonly approved: boolean; readonly reason?: string };
      return { accepted: await (approved ? approve : deny)(id, call, reason) };
    },
  ],
  [
    "GET",
    /^\/runs\/([^/]+)$/u,
    async (_, id) => {
      const run = await getRun(id);
      return { status: await run.status(), usage: await usageOf(run) };
    },
  ],
];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  for (const [method, pattern, handle] of routes) {
    const found = request.method === method ? pattern.exec(pathname) : null;
    if (!found) continue;
    const given = await handle(request, ...found.slice(1).map(decodeURIComponent));
    return send(given instanceof Response ? given : Response.json(given), response);
  }
  return send(new Response("not found", { status: 404 }), response);
}

async function send(given: Response, response: ServerResponse): Promise<void> {
  response.writeHead(given.status, Object.fromEntries(given.headers));
  if (given.body === null) return void response.end();
  await pipeline(Readable.fromWeb(given.body as ReadableStream), response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (response.headersSent) return void response.destroy(); // the reader has left, or the stream cannot be read
    response.writeHead(500).end(String(error));
  });
});

// what an earlier process has left is continued
await recover();
server.listen(Number(env["PORT"] ?? 4400), "127.0.0.1", () => console.log("listening"));
