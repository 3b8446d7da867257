/** Who may see and change runs through the inspector, and who may not. */
import { createServer, get as request } from "node:http";
import { networkInterfaces } from "node:os";
import { once } from "node:events";
import { connect, isIPv6, type AddressInfo } from "node:net";
import dns from "node:dns";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { close, configure, getRun, memoryStore, schedule, start, type Store } from "perdure";
import { inspectorHandler, serveInspector, type InspectorServer } from "../src/index.ts";
import type { Overview, RunPage, StepPage } from "../src/api.ts";
import { action, inspect, origin } from "./inspected.ts";
import { approval, login, order, publish } from "./shop.ts";

const reads = [
  "api/overview",
  "api/runs",
  "api/run?id=a",
  "api/steps?run=a",
  "api/step?run=a&id=charge[0]",
  "api/conversation?run=a",
  "api/workflows",
  "api/workflow?name=order",
  "api/queues",
  "api/queue?name=desk",
  "api/schedules",
  "api/waiting",
  "api/changes",
];
const names = [
  ...["retry", "restart", "cancel", "unblock", "fork", "delete", "signal"].map((name) => `actions/${name}`),
  ...["pause", "resume", "run", "remove"].map((name) => `schedule-actions/${name}`),
];

/** The runs and schedules of a store. */
const allOf = async (store: Store): Promise<unknown> => [await store.listRuns({}), await store.listSchedules?.()];

describe("without authorization", () => {
  test.each([...reads, "", "app.js"])("GET %s is refused", async (path) => {
    expect(await inspect({ authorize: () => false }).refused(path)).toEqual([401, "NOT_AUTHORIZED"]);
  });

  test.each(names)("the action %s is refused and does nothing", async (name) => {
    const inspected = inspect({ authorize: (_request, access) => access === "read" });
    const run = await start(order, ["a", -1]);
    await run.result().catch(() => {});
    await schedule("daily", "1d", order, ["c", 1]);
    const before = await allOf(inspected.store);
    const body = name.startsWith("actions") ? { run: "a", name: "x", from: "charge[0]" } : { schedule: "daily" };
    expect(await inspected.refused(`api/${name}`, action(body))).toEqual([401, "NOT_AUTHORIZED"]);
    expect(await allOf(inspected.store)).toEqual(before);
    expect((await inspected.get<Overview>("overview")).canAct).toBe(false);
  });

  test("authorize() sees the request, and may answer later", async () => {
    const authorize = async (asked: Request): Promise<boolean> => asked.headers.get("cookie") === "user=admin";
    const inspected = inspect({ authorize });
    expect(await inspected.refused("api/runs")).toEqual([401, "NOT_AUTHORIZED"]);
    const allowed = await inspected.fetch("api/runs", { headers: { cookie: "user=admin" } });
    expect(allowed.status).toBe(200);
  });

  test("what authorize() throws is told to the server alone", async () => {
    const warned = once(process, "warning");
    const authorize = (): boolean => {
      throw new Error("cannot reach db.internal as admin:swordfish");
    };
    const answer = await inspect({ authorize }).fetch("api/runs");
    const text = await answer.text();
    expect([answer.status, text]).toEqual([500, expect.stringContaining("AUTHORIZE_FAILED")]);
    expect(text).not.toContain("swordfish");
    expect(await warned).toMatchObject([{ message: expect.stringContaining("swordfish") as string }]);
  });

  test("inspectorHandler() cannot be made without authorize()", () => {
    expect(() => inspectorHandler({} as never)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    expect(() => inspectorHandler({ authorise: () => true } as never)).toThrow(
      expect.objectContaining({ code: "OPTION_UNKNOWN" }),
    );
  });
});

describe("a page of another origin", () => {
  test.each(names)("cannot do the action %s by GET, by a form, or by fetch", async (name) => {
    const inspected = inspect();
    const run = await start(approval, ["b"]);
    await schedule("daily", "1d", order, ["c", 1]);
    const before = await allOf(inspected.store);
    const path = `api/${name}`;
    const ofRun = { run: "b", name: "approved", from: "x" };
    const body = name.startsWith("actions") ? ofRun : { schedule: "daily" };
    expect((await inspected.fetch(`${path}?run=b&schedule=daily`)).status).toBe(404);
    const form = { method: "POST", body: new URLSearchParams(body) };
    expect(await inspected.refused(path, form)).toEqual([403, "HEADER_MISSING"]);
    const text = { method: "POST", body: JSON.stringify(body), headers: { "x-perdure-inspector": "1" } };
    expect(await inspected.refused(path, text)).toEqual([415, "BODY_INVALID"]);
    const other = action(body, { origin: "https://evil.example" });
    expect(await inspected.refused(path, other)).toEqual([403, "ORIGIN_OTHER"]);
    const sameSite = action(body, { "sec-fetch-site": "same-site" });
    expect(await inspected.refused(path, sameSite)).toEqual([403, "ORIGIN_OTHER"]);
    expect(await inspected.refused(path, action(body, { origin: "null" }))).toEqual([403, "ORIGIN_OTHER"]);
    expect(await allOf(inspected.store)).toEqual(before);
    await run.cancel();
  });

  test("gets no data, and no permission to ask with headers of its own", async () => {
    const inspected = inspect();
    for (const path of reads)
      expect(await inspected.refused(path, { headers: { "sec-fetch-site": "cross-site" } })).toEqual([
        403,
        "ORIGIN_OTHER",
      ]);
    const asked = await inspected.fetch("api/actions/delete", {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", "access-control-request-headers": "x-perdure-inspector" },
    });
    expect(asked.headers.get("access-control-allow-origin")).toBeNull();
    expect(asked.headers.get("access-control-allow-headers")).toBeNull();
    expect(asked.status).toBe(403);
  });

  test("may lead to the page by a link, but not show it in a frame", async () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    const page = await inspect().fetch("", { headers: link });
    expect(page.status).toBe(200);
    expect(page.headers.get("x-frame-options")).toBe("DENY");
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });
});

describe("the name of the server", () => {
  test.each([
    ["localhost:3000", 200],
    ["127.0.0.1:3000", 200],
    ["[::1]:3000", 200],
    ["192.168.1.7", 200],
    ["admin.example.com", 200],
    ["ADMIN.example.com:8443", 200],
    ["example.org", 200],
    ["a.b.example.org:3000", 200],
    ["notexample.org", 403],
    ["evil.example", 403],
    ["localhost.evil.example:3000", 403],
    ["admin.example.com.evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["", 403],
  ])("%s is answered with %i", async (host, status) => {
    const inspected = inspect({ hosts: ["Admin.Example.com", ".example.org"] });
    const answer = await inspected.fetch("api/overview", { headers: { host } });
    expect(answer.status).toBe(status);
    if (status !== 200) expect(((await answer.json()) as { error: { code: string } }).error.code).toBe("HOST_UNKNOWN");
  });
});

test("the page allows no inline script, no style and no connection from elsewhere", async () => {
  const page = await inspect().fetch("");
  expect(page.headers.get("content-security-policy")).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  expect(page.headers.get("referrer-policy")).toBe("no-referrer");
  const html = await page.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=|https?:\/\//u);
});

test("data is JSON that nothing keeps and nothing takes for a page", async () => {
  const answer = await inspect().fetch("api/runs");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/u);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
});

test("a value of 10 MB is sent as the beginning of its text, markup in it as text", async () => {
  const inspected = inspect();
  await (await start(publish, ["p", "<script>alert(1)</script>", 400_000])).result();
  const { output } = await inspected.get<StepPage>("step", { run: "p", id: "page[0]" });
  expect(output?.isCut).toBe(true);
  expect(output?.text.length).toBe(100_000);
  expect(output?.text.startsWith("<script>alert(1)</script><script>")).toBe(true);
  const answer = await inspected.fetch("api/step?run=p&id=page[0]");
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/u);
});

test("what configure({ redact }) hides does not reach the page", async () => {
  const redact = (value: unknown): unknown => (typeof value === "string" ? value.replace(/swordfish/u, "…") : value);
  const inspected = inspect({}, { redact });
  await (await start(login, ["l"])).result();
  const run = await inspected.get<RunPage>("run", { id: "l" });
  const step = await inspected.get<StepPage>("step", { run: "l", id: "secret[0]" });
  expect([run.output?.text, step.output?.text]).toEqual(["the password is …", "the password is …"]);
});

test.each([
  [{}, 400],
  [{ run: 1 }, 400],
  [{ run: "a", force: "yes" }, 400],
  [{ run: "a", unknown: true }, 400],
  ["{", 400],
  [`{"run":"${"a".repeat(11_000_000)}"}`, 413],
])("a body that is not that of an action is refused (%#)", async (body, status) => {
  const [answered] = await inspect().refused("api/actions/retry", action(body));
  expect(answered).toBe(status);
});

test.each([
  "api/runs?limit=0",
  "api/runs?limit=x",
  "api/runs?status=lost",
  "api/runs?unknown=1",
  "api/run",
  "api/steps?run=a&after=-1",
  "api/conversation",
])("%s is refused as a mistake of the request", async (path) => {
  expect(await inspect().refused(path)).toEqual([400, "REQUEST_INVALID"]);
});

describe("serveInspector()", () => {
  const serve = async (options: Parameters<typeof serveInspector>[0] = {}): Promise<InspectorServer> => {
    configure({ store: memoryStore(), logLevel: "silent" });
    onTestFinished(close);
    const server = await serveInspector(options);
    onTestFinished(() => server.close());
    return server;
  };

  test("answers who has the token, with data and actions", async () => {
    const { url, token } = await serve();
    const { origin: own, hash } = new URL(url);
    expect(hash).toBe(`#token=${token}`);
    expect(token.length).toBeGreaterThanOrEqual(32);
    await start(approval, ["c"]);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${own}/api/runs`, { headers })).status).toBe(200);
    const cancelled = await fetch(`${own}/api/actions/cancel`, action({ run: "c" }, { ...headers, origin: own }));
    expect(await cancelled.json()).toMatchObject({ done: true });
    expect(await (await getRun("c")).result().catch((error: Error) => error.name)).toBe("CancelledError");
  });

  test("refuses all others, but gives them the files of the page", async () => {
    const { url, token } = await serve();
    const { origin: own } = new URL(url);
    for (const authorization of [
      "",
      "Bearer ",
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      token,
      `Basic ${token}`,
    ])
      expect((await fetch(`${own}/api/runs`, { headers: { authorization } })).status).toBe(401);
    expect((await fetch(`${own}/api/runs?token=${token}`)).status).toBe(401);
    expect((await fetch(`${own}/api/actions/delete`, action({ run: "c" }, { origin: own }))).status).toBe(401);
    const page = await fetch(`${own}/`);
    expect([page.status, (await page.text()).includes(token)]).toEqual([200, false]);
  });

  test("takes a token of one's own, unless it is easy to guess", async () => {
    const own = "a-token-of-my-own-0123456789";
    const { url } = await serve({ token: own });
    expect(new URL(url).hash).toBe(`#token=${own}`);
    const headers = { authorization: `Bearer ${own}` };
    expect((await fetch(new URL("/api/runs", url), { headers })).status).toBe(200);
    expect((await fetch(new URL("/api/runs", url))).status).toBe(401);
    for (const token of ["", "short", "with a space in its text 0123"])
      await expect(serveInspector({ token })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("two servers have two tokens", async () => {
    const [one, other] = [await serve(), await serveInspector()];
    onTestFinished(() => other.close());
    expect(one.token).not.toBe(other.token);
  });

  test("listens on this machine alone, unless an address is given", async () => {
    const { url } = await serve();
    const { hostname, port } = new URL(url);
    expect(hostname).toBe("127.0.0.1");
    const outside = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4");
    for (const host of [outside?.address ?? "127.0.0.2", "::1"]) {
      const socket = connect(Number(port), host);
      const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
      expect(["ECONNREFUSED", "EADDRNOTAVAIL", "ENETUNREACH", "EHOSTUNREACH"]).toContain(error.code);
    }
  });

  test("answers under the name that it is told to listen at, whatever address that is", async () => {
    const internal = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const address = internal.find((each) => each.address === "::1")?.address ?? "127.0.0.1";
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(((_name: string, ...rest: unknown[]) => {
      (rest.at(-1) as (error: null, address: string, family: number) => void)(null, address, isIPv6(address) ? 6 : 4);
    }) as never);
    onTestFinished(() => lookup.mockRestore());
    const { url, token } = await serve({ host: "box.internal" });
    const { hostname, port, host } = new URL(url);
    expect(hostname).toBe("box.internal");
    const headers = { host, authorization: `Bearer ${token}` };
    const [response] = (await once(request({ port, host: address, path: "/api/runs", headers }), "response")) as [
      { statusCode: number; resume(): void },
    ];
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  test("does not take an empty address, which Node takes for every one", async () => {
    await expect(serve({ host: "" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("refuses a request under another name, though it comes from this machine", async () => {
    const { url, token } = await serve();
    const { port } = new URL(url);
    const headers = { host: `evil.example:${port}`, authorization: `Bearer ${token}` };
    const [response] = (await once(request({ port, host: "127.0.0.1", path: "/api/runs", headers }), "response")) as [
      { statusCode: number; resume(): void },
    ];
    response.resume();
    expect(response.statusCode).toBe(403);
  });
});

test("as a part of a Node server, it answers at its path with or without a slash, and reads a body that was read before", async () => {
  configure({ store: memoryStore(), logLevel: "silent" });
  onTestFinished(close);
  const handler = inspectorHandler({ authorize: () => true });
  const parsers: Record<string, (bytes: Buffer) => unknown> = {
    json: (bytes) => JSON.parse(bytes.toString()) as unknown,
    text: (bytes) => bytes.toString(),
    raw: (bytes) => bytes,
  };
  const server = createServer((incoming, response) => {
    void (async () => {
      const mounted = incoming as typeof incoming & { originalUrl?: string; body?: unknown };
      if (!incoming.url?.startsWith("/admin")) return handler(incoming, response);
      mounted.originalUrl = incoming.url; // as Express mounts it, with one of its parsers
      incoming.url = incoming.url.slice("/admin".length) || "/";
      if (incoming.method === "POST")
        mounted.body = parsers[String(incoming.headers["x-parser"])]?.(Buffer.concat(await incoming.toArray()));
      handler(incoming, response);
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const base of ["/__perdure", "/admin"]) {
    const bare = await fetch(`${own}${base}`, { redirect: "manual" });
    expect([bare.status, bare.headers.get("location")]).toEqual([302, `${base}/`]);
    expect((await fetch(`${own}${base}/`)).headers.get("content-type")).toMatch(/^text\/html/u);
    expect(await (await fetch(`${own}${base}/api/runs`)).json()).toEqual({ runs: [], hasMore: false });
    for (const parser of Object.keys(parsers)) {
      const body = action({ run: "none" }, { origin: own, "x-parser": parser });
      const sent = await fetch(`${own}${base}/api/actions/retry`, body);
      expect([sent.status, await sent.json()]).toMatchObject([404, { error: { code: "RUN_NOT_FOUND" } }]);
    }
  }
  expect(origin).not.toBe(own);
});
