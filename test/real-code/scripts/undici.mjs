import { createServer } from "node:http";
import { Readable, Writable } from "node:stream";
import { say } from "./report.mjs";
const undici = (await import("undici")).default;

const counts = {};
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://x");
  counts[pathname] = (counts[pathname] ?? 0) + 1;
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    if (pathname === "/echo")
      response.end(
        JSON.stringify({
          method: request.method,
          type: request.headers["content-type"]?.replace(/boundary=.*/, "boundary"),
          length: body.length,
        }),
      );
    else if (pathname === "/redirect")
      response.writeHead(302, { location: "/echo", "set-cookie": "a=1; Path=/" }).end();
    else if (pathname === "/flaky") response.writeHead(counts[pathname] < 3 ? 503 : 200).end("at last");
    else if (pathname === "/cached")
      response
        .writeHead(200, { "cache-control": "max-age=60", date: new Date().toUTCString() })
        .end(`time ${counts[pathname]}`);
    else if (pathname === "/events")
      response
        .writeHead(200, { "content-type": "text/event-stream" })
        .end("id: 1\ndata: one\n\nevent: two\ndata: 2\ndata: zwei\n\n");
    else if (pathname === "/reset") response.destroy();
    else if (pathname === "/form")
      response.writeHead(200, { "content-type": "application/x-www-form-urlencoded" }).end("a=1&b=zwei");
    else response.writeHead(404, { "content-type": "text/plain" }).end("nothing here");
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const text = async (response) => [
  response.status ?? response.statusCode,
  await (response.body?.text?.() ?? response.text()),
];

await say("fetch", async () =>
  text(
    await undici.fetch(`${origin}/echo`, {
      method: "POST",
      body: JSON.stringify({ a: 1 }),
      headers: { "content-type": "application/json" },
    }),
  ),
);
await say("fetch of a form", async () => {
  const form = new undici.FormData();
  form.append("a", "1");
  form.append("file", new Blob(["content"], { type: "text/plain" }), "f.txt");
  return (await undici.fetch(`${origin}/echo`, { method: "POST", body: form })).json();
});
await say("fetch of a stream", async () =>
  text(await undici.fetch(`${origin}/echo`, { method: "PUT", body: Readable.from(["a", "b"]), duplex: "half" })),
);
await say("form data", async () => [...(await (await undici.fetch(`${origin}/form`)).formData())]);
await say("a body in other ways", async () => {
  const response = await undici.fetch(`${origin}/form`);
  const copy = response.clone();
  return [
    (await response.arrayBuffer()).byteLength,
    (await copy.blob()).size,
    await undici.fetch(`${origin}/form`).then((again) => again.bytes()),
    await new undici.Response("a").text(),
  ];
});
await say("a redirect", async () => {
  const response = await undici.fetch(`${origin}/redirect`);
  return [response.redirected, new URL(response.url).pathname, await response.json()];
});
await say("a redirect that is not followed", async () => {
  const response = await undici.fetch(`${origin}/redirect`, { redirect: "manual" });
  return [response.status, undici.getSetCookies(response.headers)];
});
await say("a redirect that is an error", () => undici.fetch(`${origin}/redirect`, { redirect: "error" }));
await say("not found", async () => text(await undici.fetch(`${origin}/none`)));
await say("reset", () => undici.fetch(`${origin}/reset`).catch((error) => [error.message, error.cause?.code]));
await say("aborted", () => undici.fetch(`${origin}/echo`, { signal: AbortSignal.abort(new Error("no")) }));
await say("a URL that is none", () => undici.fetch("nothing"));
await say("a body that is read twice", async () => {
  const response = await undici.fetch(`${origin}/form`);
  await response.text();
  return await response.text();
});
await say("data", async () => text(await undici.fetch("data:text/plain,hello%20there")));

await say("request", async () => text(await undici.request(`${origin}/echo`, { method: "POST", body: "abc" })));
await say("request with an error", async () => text(await undici.request(`${origin}/none`)));
await say("stream", async () => {
  const chunks = [];
  await undici.stream(
    `${origin}/form`,
    { method: "GET", opaque: chunks },
    ({ opaque }) => new Writable({ write: (chunk, _encoding, done) => (opaque.push(chunk.toString()), done()) }),
  );
  return chunks.join("");
});
await say("pipeline", async () => {
  const parts = [];
  for await (const part of Readable.from(["x", "y"]).pipe(
    undici.pipeline(`${origin}/echo`, { method: "POST" }, ({ body }) => body),
  ))
    parts.push(part.toString());
  return parts.join("");
});
await say("interceptors", async () => {
  const { redirect, retry, dump, responseError, cache } = undici.interceptors;
  const agent = (...more) => new undici.Agent().compose(...more);
  const first = await text(
    await undici.request(`${origin}/redirect`, { dispatcher: agent(redirect({ maxRedirections: 2 })) }),
  );
  const second = await text(
    await undici.request(`${origin}/flaky`, { dispatcher: agent(retry({ minTimeout: 1, maxTimeout: 2 })) }),
  );
  const third = await undici.request(`${origin}/form`, { dispatcher: agent(dump({ maxSize: 1024 })) });
  const fourth = await undici
    .request(`${origin}/none`, { dispatcher: agent(responseError()) })
    .catch((error) => [error.code, error.statusCode]);
  const caching = agent(cache());
  const fifth = [
    await text(await undici.request(`${origin}/cached`, { dispatcher: caching })),
    await text(await undici.request(`${origin}/cached`, { dispatcher: caching })),
  ];
  return [first, second, third.statusCode, fourth, fifth];
});
await say("a pool and a client", async () => {
  const pool = new undici.Pool(origin, { connections: 2 });
  const all = await Promise.all(
    [1, 2, 3].map(async () => (await pool.request({ path: "/form", method: "GET" })).body.text()),
  );
  await pool.close();
  const client = new undici.Client(origin);
  const one = await text(await client.request({ path: "/form", method: "GET" }));
  await client.destroy();
  return [all, one, await client.request({ path: "/form", method: "GET" }).catch((error) => error.code)];
});
await say("a mock", async () => {
  const agent = new undici.MockAgent();
  agent.disableNetConnect();
  const pool = agent.get("http://mock.example.org");
  pool
    .intercept({ path: "/a", method: "POST" })
    .reply(201, async ({ body }) => ({ got: await body }), { headers: { "content-type": "application/json" } })
    .times(2);
  pool.intercept({ path: "/b" }).replyWithError(new Error("mocked"));
  const a = await text(
    await undici.request("http://mock.example.org/a", { method: "POST", body: "x", dispatcher: agent }),
  );
  const b = await undici
    .fetch("http://mock.example.org/b", { dispatcher: agent })
    .catch((error) => [error.message, error.cause?.message]);
  const c = await undici.fetch("http://mock.example.org/c", { dispatcher: agent }).catch((error) => error.cause?.code);
  const pending = agent.pendingInterceptors().length;
  await agent.close();
  return [a, b, c, pending];
});
await say("caches", async () => {
  const cache = await undici.caches.open("v1");
  await cache.put(`${origin}/own`, new undici.Response("own", { headers: { a: "b" } }));
  await cache.put(`${origin}/more`, new undici.Response("more"));
  const keys = (await cache.keys()).map(({ url }) => new URL(url).pathname);
  const match = await text(await cache.match(`${origin}/own`));
  return [
    keys,
    match,
    await cache.delete(`${origin}/own`),
    await cache.match(`${origin}/own`),
    await undici.caches.has("v1"),
    await undici.caches.keys(),
    await undici.caches.delete("v1"),
    (await cache.matchAll()).length,
  ];
});
await say(
  "events",
  () =>
    new Promise((resolve) => {
      const events = [];
      const source = new undici.EventSource(`${origin}/events`);
      const done = ({ type, data, lastEventId }) => {
        events.push([type, data, lastEventId]);
        if (events.length < 2) return;
        source.close();
        resolve(events);
      };
      source.addEventListener("message", done);
      source.addEventListener("two", done);
    }),
);
await say("counts", () => counts);
await undici.getGlobalDispatcher().close();
server.closeAllConnections();
server.close();
