/** The places that the inspector is opened from: the command, and Vite's development server. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { begin, perdure, storeIn } from "../cli/command.ts";
import { generatedDirectory, temporaryDirectory } from "../directories.ts";
import { buildProgram, run } from "../programs.ts";
import { RunningProgram } from "../running-program.ts";

const source = `
import { close, start } from "perdure";
export async function pay(amount: number): Promise<number> {
  "use task: retries=0";
  if (amount < 0) throw new RangeError("negative");
  return amount;
}
export async function order(id: string, amount: number): Promise<number> {
  "use workflow: id=order-{id}";
  return pay(amount);
}
await (await start(order, ["good", 5])).result();
await (await start(order, ["bad", -5])).result().catch(() => {});
await close();
`;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ask = async (url: URL | string, path: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(new URL(path, url), init);
  return { status: response.status, body: await response.json() };
};

const ids = ({ body }: Answer): string[] => (body as { runs: { id: string }[] }).runs.map(({ id }) => id);

test("perdure inspect serves the runs of a store to who has the address, while a service works on it", async () => {
  const file = await buildProgram(source, "shop");
  const store = storeIn(temporaryDirectory("inspect"));
  await run(file, { PERDURE_STORE: store }).exits(0);
  const inspect = begin(["inspect", "--json", "--root", join(file, "..")], { store });
  await inspect.printed("\n");
  const { url } = JSON.parse(inspect.output) as { url: string };
  const { hash, hostname } = new URL(url);
  expect(hostname).toBe("127.0.0.1");
  const headers = { authorization: `Bearer ${hash.replace("#token=", "")}` };
  expect(ids(await ask(url, "/api/runs", { headers }))).toEqual(["order-bad", "order-good"]);
  expect((await ask(url, "/api/runs")).status).toBe(401);
  const page = await ask(url, "/api/run?id=order-bad", { headers });
  expect(page.body).toMatchObject({
    run: { status: "failed", error: "RangeError: negative" },
    failedStep: { id: "pay[0]", source: { lines: expect.arrayContaining(["  return pay(amount);"]) as string[] } },
  });
  const retry = await ask(url, "/api/actions/retry", {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "x-perdure-inspector": "1" },
    body: JSON.stringify({ run: "order-bad" }),
  });
  expect(retry.body).toEqual({ done: true, message: "is tried again: a worker will resume it" });
  expect(JSON.parse((await perdure(["show", "order-bad", "--json"], { store })).output)).toMatchObject({
    run: { status: "pending" },
  });
  inspect.process.kill("SIGINT");
  expect(await inspect.ended).toBe(0);
});

test("perdure inspect says what is wrong with its store, its address or its options", async () => {
  const store = storeIn(temporaryDirectory("inspect"));
  const missing = await perdure(["inspect"], { store });
  expect(missing).toMatchObject({ code: 3, output: expect.stringContaining("there is no file") as string });
  expect((await perdure(["inspect", "--port", "http"], { store })).code).toBe(2);
  const file = await buildProgram(source, "shop");
  await run(file, { PERDURE_STORE: store }).exits(0);
  const first = begin(["inspect", "--json"], { store });
  await first.printed("\n");
  const { port } = new URL((JSON.parse(first.output) as { url: string }).url);
  const second = await perdure(["inspect", "--port", port], { store });
  expect(second).toEqual({ code: 1, output: expect.stringContaining(`port ${port}`) as string });
});

test("Vite's development server has the inspector at /__perdure/, for this machine alone, whatever becomes of the store's file", async () => {
  const program = await buildProgram(source, "shop");
  const root = generatedDirectory("dev", {
    "index.html": "<!doctype html><p>the page of the project</p>",
    "server.mjs": `
      import perdure from "unplugin-perdure/vite";
      import { createServer } from "vite";
      const server = await createServer({
        root: import.meta.dirname, configFile: false, logLevel: "info", clearScreen: false,
        server: { port: 0, host: "0.0.0.0", allowedHosts: ["shop.example", ".shop.test"] },
        plugins: [perdure(JSON.parse(process.argv[2]))],
      });
      await server.listen();
      server.printUrls();
      console.log("listening " + server.httpServer.address().port);`,
  });
  const env = { ...process.env, PERDURE_STORE: `sqlite:${join(root, "runs.db")}` };
  const serve = async (options: object): Promise<{ port: string; output: string }> => {
    const server = new RunningProgram(process.execPath, ["server.mjs", JSON.stringify(options)], { cwd: root, env });
    await server.printed(/listening \d+\n/u.test.bind(/listening \d+\n/u));
    return { port: /listening (\d+)/u.exec(server.output)?.[1] ?? "", output: server.output };
  };
  const { port, output } = await serve({});
  const base = `http://localhost:${port}/__perdure/`;
  expect(output).toContain(`Perdure: ${base}`);

  expect(await ask(base, "api/runs")).toMatchObject({ status: 503, body: { error: { code: "STORE_MISSING" } } });
  expect(existsSync(join(root, "runs.db"))).toBe(false);
  await run(program, { PERDURE_STORE: env.PERDURE_STORE }).exits(0);
  expect(ids(await ask(base, "api/runs"))).toEqual(["order-bad", "order-good"]);

  // a developer deletes the store and begins anew
  for (const end of ["", "-wal", "-shm"]) rmSync(join(root, `runs.db${end}`), { force: true });
  expect((await ask(base, "api/runs")).status).toBe(503);
  await run(program, { PERDURE_STORE: `sqlite:${join(root, "other.db")}` }).exits(0);
  renameSync(join(root, "other.db"), join(root, "runs.db"));
  expect(ids(await ask(base, "api/runs"))).toEqual(["order-bad", "order-good"]);

  expect((await fetch(`http://localhost:${port}/__perdure`)).url).toBe(base);
  expect((await fetch(base)).headers.get("content-type")).toMatch(/^text\/html/u);
  expect(await (await fetch(`http://localhost:${port}/`)).text()).toContain("the page of the project");
  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (outside) expect((await fetch(`http://${outside.address}:${port}/__perdure/api/runs`)).status).toBe(403);
  for (const [host, status] of [
    ["shop.example", 200],
    ["eu.shop.test", 200],
    ["evil.example", 403],
  ] as const)
    expect(await statusOf(Number(port), host)).toBe(status);

  // a proxy or a tunnel on this machine asks for another one
  for (const [header, status] of [
    ["x-forwarded-for: 127.0.0.1", 200],
    ['forwarded: proto=https;for="[::1]:4711"', 200],
    ["x-forwarded-for: 203.0.113.7", 403],
    ["x-forwarded-for: 127.0.0.1, 203.0.113.7", 403],
    ["x-forwarded-for: unknown", 403],
    ["forwarded: for=203.0.113.7;proto=https", 403],
    ['forwarded: for=127.0.0.1, for="[2001:db8::1]"', 403],
    ["cf-connecting-ip: 203.0.113.7", 403],
  ] as const)
    expect([header, await statusOf(Number(port), "localhost", header)]).toEqual([header, status]);

  const without = await serve({ inspector: false });
  expect(without.output).not.toContain("Perdure:");
  expect(await (await fetch(`http://localhost:${without.port}/__perdure/api/runs`)).text()).not.toContain("order");
});

/** The status of a request that names the server so; fetch() always names it by its address. */
async function statusOf(port: number, host: string, header = "accept: */*"): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /__perdure/api/runs HTTP/1.1\r\nhost: ${host}\r\n${header}\r\nconnection: close\r\n\r\n`);
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/u.exec(data.toString())?.[1]);
}
