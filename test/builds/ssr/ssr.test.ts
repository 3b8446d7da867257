import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { generatedDirectory } from "../../directories.ts";
import { run } from "../../programs.ts";
import type { RunningProgram } from "../../running-program.ts";

const modules = resolve(import.meta.dirname, "../../../node_modules");

/** A copy of the application. */
function application(): string {
  const root = generatedDirectory("ssr");
  cpSync(join(import.meta.dirname, "app"), root, { recursive: true });
  return root;
}

/** `vite build`, for the browser and for the server. */
function build(root: string): void {
  for (const args of [
    ["--outDir", "dist/client"],
    ["--outDir", "dist/server", "--ssr", "src/server.ts"],
  ]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(modules, "vite/bin/vite.js"), "build", ...args],
      { cwd: root, encoding: "utf8" },
    );
    expect(status, stdout + stderr).toBe(0);
  }
}

interface Server {
  readonly program: RunningProgram;
  /** Sends a request and returns the body of the response. */
  request(method: "GET" | "POST", path: string): Promise<string>;
}

async function serve(root: string, how: "dev" | "production", killAt = ""): Promise<Server> {
  const program = run(
    join(root, `${how}.js`),
    { PERDURE_STORE: `sqlite:${join(root, "shop.db")}`, EFFECTS: join(root, "effects"), KILL_AT: killAt },
    root,
  );
  await program.printed("http://");
  const [url = ""] = /http:\S+/.exec(program.output) ?? [];
  return { program, request: async (method, path) => (await fetch(`${url}${path}`, { method })).text() };
}

const effects = (root: string): string[] => readFileSync(join(root, "effects"), "utf8").trimEnd().split("\n");

const answer = "<p>reserve 17, charge 17, ship 17</p>";

test.each([
  ["dev", "dev"],
  ["dev", "production"],
  ["production", "dev"],
  ["production", "production"],
] as const)(
  "a run started by a request, killed under the %s server, resumes under the %s server",
  async (first, second) => {
    const root = application();
    if (first === "production" || second === "production") build(root);
    const before = await serve(root, first, "charge 17");
    // the server may be killed before it responds
    await before.request("POST", "/orders/17").catch(() => undefined);
    expect(await before.program.ended).toBe("SIGKILL");
    const after = await serve(root, second);
    expect(await after.request("GET", "/orders/17")).toBe(answer);
    expect(effects(root)).toEqual(["reserve 17", "charge 17", "charge 17", "ship 17"]);
    expect(await after.request("POST", "/orders/17")).toBe("order-17");
    expect(effects(root)).toHaveLength(4);
  },
);

test("after an edit under the development server, new runs use the new code in the same runtime", async () => {
  const root = application();
  const { request } = await serve(root, "dev");
  await request("POST", "/orders/1");
  expect(await request("GET", "/orders/1")).toBe("<p>reserve 1, charge 1, ship 1</p>");
  const file = join(root, "src/orders.ts");
  writeFileSync(file, readFileSync(file, "utf8").replace(`"ship"]`, `"pack"]`));
  const next = Array.from({ length: 1000 }, (_, i) => String(i + 2)).values();
  const order = async (id: string): Promise<void> => {
    await request("POST", `/orders/${id}`);
    expect(await request("GET", `/orders/${id}`)).toBe(`<p>reserve ${id}, charge ${id}, pack ${id}</p>`);
  };
  await vi.waitFor(() => order(next.next().value ?? ""), { timeout: 30_000 });
  expect(await request("GET", "/orders/1")).toBe("<p>reserve 1, charge 1, ship 1</p>");
});

test("the browser bundle contains no workflow code", () => {
  const root = application();
  build(root);
  const assets = join(root, "dist/client/assets");
  const code = readdirSync(assets)
    .map((name) => readFileSync(join(assets, name), "utf8"))
    .join("\n");
  expect(code).toContain("/orders/");
  expect(code).not.toMatch(/perdure|reserve/);
});
