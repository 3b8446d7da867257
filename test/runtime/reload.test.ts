import { join } from "node:path";
import { createServer, createServerModuleRunner, type ViteDevServer } from "vite";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { close, getRun, recover, start, type Store } from "perdure";
import { advance, setup, type TestRuntime } from "perdure/testing";
import perdure from "unplugin-perdure/vite";
import { generatedDirectory, writeFiles } from "../directories.ts";
import { forgetModules, modules, workflows } from "../process-state.ts";
import { loadSources } from "../sources.ts";

type Flow = (id: string) => Promise<unknown>;
type Sources = Readonly<Record<string, string>>;

const globals = globalThis as { gate?: Promise<void>; tasks?: unknown; reloadVersion?: string };

beforeEach(() => {
  forgetModules();
  globals.gate = Promise.resolve();
});

function begin(): TestRuntime {
  onTestFinished(close);
  return setup();
}

const idsOf = async (store: Store, run: string): Promise<string[]> => (await store.steps(run)).map(({ id }) => id);

/** Two steps with a sleep between them. Each step and the workflow return their version. */
const sources = (version: string, wait: string): Sources => ({
  "flow.js": `import { sleep } from "perdure"; import { note } from "./tasks.js";
    export async function flow(id) { "use workflow: id={id}"; const first = await note(); await sleep("${wait}"); return [first, await note(), "${version}"]; }`,
  "tasks.js": `export async function note() { "use task: retries=0"; await globalThis.gate; return "${version}"; }`,
});
const load = async (files: Sources): Promise<Record<string, Flow>> =>
  (await loadSources(files)) as unknown as Record<string, Flow>;
const loadFlow = async (version: string, wait: string): Promise<Flow> =>
  (await load(sources(version, wait)))["flow"] as Flow;

test("two packages with a file at the same path keep their own workflows", async () => {
  const { crash } = begin();
  const of = (name: string): Sources => ({
    "src/index.js": `import { sleep } from "perdure"; export async function ${name}(id) { "use workflow: id={id}"; await sleep("1h"); return "${name}" }`,
    "package.json": JSON.stringify({ name, type: "module" }),
  });
  const one = (await load(of("one")))["one"] as Flow;
  const two = (await load(of("two")))["two"] as Flow;
  await start(one, ["a"]);
  await start(two, ["b"]);
  await advance("1m");
  crash();
  expect((await recover()).map(({ id }) => id).sort()).toEqual(["a", "b"]);
  await advance("2h");
  expect([await (await getRun("a")).result(), await (await getRun("b")).result()]).toEqual(["one", "two"]);
});

describe("a reloaded module", () => {
  test("a run that waits in memory keeps its functions when their module is reloaded", async () => {
    begin();
    const run = await start(await loadFlow("old", "30s"), ["a"]);
    await advance("1s");
    await loadFlow("new", "30s");
    expect(await run.status()).toBe("running");
    await advance("30s");
    expect(await run.result()).toEqual(["old", "old", "old"]);
  });

  test("a run that executes a step keeps its functions when their module is reloaded", async () => {
    begin();
    let open: () => void = () => {};
    globals.gate = new Promise((resolveGate) => (open = resolveGate));
    const result = (await loadFlow("old", "1s"))("a");
    const newer = await loadFlow("new", "1s");
    open();
    await advance("2s");
    expect(await result).toEqual(["old", "old", "old"]);
    const next = newer("b");
    await advance("2s");
    expect(await next).toEqual(["new", "new", "new"]);
  });

  test("a suspended run resumes with the reloaded module, even if the caller still holds the old function", async () => {
    begin();
    const flow = await loadFlow("old", "1h");
    const called = flow("a");
    await advance("5m");
    expect(await (await getRun("a")).status()).toBe("waiting");
    await loadFlow("new", "1h");
    await advance("2h");
    expect(await called).toEqual(["old", "new", "new"]);
  });

  test("after a crash, both recover() and a call resume a run with the reloaded module", async () => {
    for (const how of ["recover", "call"] as const) {
      const { crash, store } = begin();
      await start(await loadFlow("old", "1h"), ["a"]);
      await advance("1s");
      crash();
      const newer = await loadFlow("new", "1h");
      const result = how === "call" ? newer("a") : recover().then(([run]) => run?.result());
      await advance("2h");
      expect(await result).toEqual(["old", "new", "new"]);
      expect(await idsOf(store, "a")).toEqual(["note[0]", "sleep[0]", "note[1]"]);
      await close();
    }
  });

  test("a function from before the reload runs and records its own code version", async () => {
    const { store } = begin();
    const old = await loadFlow("old", "30s");
    const hash = modules.get("flow.js")?.hash ?? "";
    await loadFlow("new", "30s");
    expect(modules.get("flow.js")?.hash).not.toBe(hash);
    const result = old("a");
    await advance("31s");
    expect(await result).toEqual(["old", "old", "old"]);
    const { code = "" } = (await store.getRun("a")) ?? {};
    expect(await store.getCode(code)).toContain(`"hash":"${hash}"`);
  });

  test("a reload removes the workflows that the module no longer defines", async () => {
    begin();
    await load({
      "flow.js": `export async function a() { "use workflow"; }\nexport async function b() { "use workflow"; }`,
    });
    expect([...workflows.keys()]).toEqual(["a", "b"]);
    await load({ "flow.js": `export async function b() { "use workflow"; }` });
    expect([...workflows.keys()]).toEqual(["b"]);
  });

  test("a workflow that moved to another file before the reload is resumed from there", async () => {
    const { crash } = begin();
    await start(await loadFlow("old", "1h"), ["a"]);
    await advance("1s");
    crash();
    const { "flow.js": moved = "", ...tasks } = sources("new", "1h");
    await load({
      "flow.js": `export * from "./moved.js";\nexport async function other() { "use workflow"; }`,
      "moved.js": moved,
      ...tasks,
    });
    expect([...(workflows.get("flow")?.keys() ?? [])]).toEqual(["moved.js"]);
    const [run] = await recover();
    await advance("2h");
    expect(await run?.result()).toEqual(["old", "new", "new"]);
  });

  test("a call counts in the same sequence before and after a reload", async () => {
    const { store } = begin();
    const calls = (x: number): string =>
      `{ const { charge, help, child } = globalThis.tasks; done.push(await charge(${x}), await help(${x}), await child(${x})); }`;
    const files = {
      "flow.js": `import { sleep } from "perdure"; import * as tasks from "./tasks.js"; globalThis.tasks = tasks;
        export async function flow(id) { "use workflow: id={id}"; const done = []; ${calls(0)} await sleep("30s"); ${calls(1)} return done; }`,
      "tasks.js": `export async function charge(x) { "use task"; return x; }
        export async function help(x) { return charge(x); }
        export async function child(x) { "use workflow"; return x; }`,
    };
    const { flow } = await load(files);
    const run = await start(flow as Flow, ["a"]);
    await advance("1s");
    const old = globals.tasks;
    await load(files);
    expect(globals.tasks).not.toBe(old);
    await advance("1m");
    expect(await run.result()).toEqual([0, 0, 0, 1, 1, 1]);
    expect(await idsOf(store, "a")).toEqual([
      "charge[0]",
      "help[0]/charge[0]",
      "child[0]",
      "sleep[0]",
      "charge[1]",
      "help[1]/charge[0]",
      "child[1]",
    ]);
  });
});

describe("Vite's development server", () => {
  async function serve(): Promise<{ readonly server: ViteDevServer; edit(version: string): void }> {
    const root = generatedDirectory("vite", sources("old", "1h"));
    const server = await createServer({
      root,
      configFile: false,
      logLevel: "silent",
      appType: "custom",
      plugins: [perdure()],
      server: { middlewareMode: true, ws: false, watch: null },
      optimizeDeps: { noDiscovery: true },
    });
    onTestFinished(() => server.close());
    const edit = (version: string): void => {
      const edited = sources(version, "1h");
      writeFiles(root, edited);
      for (const file of Object.keys(edited)) server.watcher.emit("change", join(root, file));
    };
    return { server, edit };
  }

  const loaders: Record<string, (server: ViteDevServer) => () => Promise<Record<string, Flow>>> = {
    ssrLoadModule: (server) => async () => (await server.ssrLoadModule("/flow.js")) as Record<string, Flow>,
    "a module runner": (server) => {
      const runner = createServerModuleRunner(server.environments.ssr, { hmr: { logger: false } });
      onTestFinished(() => runner.close());
      return () => runner.import("/flow.js");
    },
  };

  test.each(Object.entries(loaders))(
    "with %s, a hot update replaces the workflow and breaks no run",
    async (_, loader) => {
      begin();
      const { server, edit } = await serve();
      const loadAgain = loader(server);
      const { flow } = await loadAgain();
      const [called, started] = [(flow as Flow)("called"), await start(flow as Flow, ["started"])];
      await advance("5m");
      expect(await started.status()).toBe("waiting");
      const inMemory = await start(flow as Flow, ["memory"]);
      edit("new");
      await vi.waitFor(async () => expect((await loadAgain())["flow"]).not.toBe(flow), { timeout: 30_000 });
      expect([...(workflows.get("flow")?.keys() ?? [])]).toEqual(["flow.js"]);
      expect(await inMemory.status()).toBe("running");
      await advance("2h");
      for (const result of [called, started.result(), inMemory.result()])
        expect(await result).toEqual(["old", "new", "new"]);
    },
  );
});

test("after vi.resetModules(), suspended and new runs use the reloaded modules", async () => {
  begin();
  const evaluate = async (version: string): Promise<Flow> => {
    globals.reloadVersion = version;
    return (await import("./reload/flow.ts")).flow;
  };
  const flow = await evaluate("old");
  const away = flow("away");
  await advance("5m");
  vi.resetModules();
  const newer = await evaluate("new");
  expect(newer).not.toBe(flow);
  const late = newer("late");
  await advance("2h");
  expect(await away).toEqual(["away: old", "away: new", "new"]);
  expect(await late).toEqual(["late: new", "late: new", "new"]);
});
