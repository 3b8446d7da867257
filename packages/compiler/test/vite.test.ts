import { parseManifest, type Manifest } from "@perdure/protocol";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { build, createServer, type InlineConfig, type ViteDevServer } from "vite";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import perdure from "../src/adapters/bundlers/vite.ts";
import { fakeRuntime, orders, temporaryProject, type TemporaryProject } from "./temporary-project.ts";

const config = ({ root }: TemporaryProject, options: Parameters<typeof perdure>[0] = {}): InlineConfig => ({
  root,
  configFile: false,
  logLevel: "silent",
  plugins: [perdure(options)],
});

function traced(): string[] {
  const trace: string[] = [];
  Reflect.set(globalThis, "trace", trace);
  onTestFinished(() => void Reflect.deleteProperty(globalThis, "trace"));
  return trace;
}

async function devServer(project: TemporaryProject): Promise<ViteDevServer> {
  const server = await createServer({
    ...config(project),
    server: { middlewareMode: true, ws: false },
    appType: "custom",
    optimizeDeps: { noDiscovery: true },
  });
  onTestFinished(() => server.close());
  return server;
}

describe("vite build", () => {
  test("an SSR build is compiled with an external runtime and emits a manifest", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    let manifest: Manifest | undefined;
    const trace = traced();
    await build({
      ...config(project, { onManifest: (m) => (manifest = m) }),
      build: { ssr: project.path("src/main.ts"), outDir: project.path("dist"), sourcemap: true },
    });
    const code = readFileSync(project.path("dist/main.js"), "utf8");
    expect(code).toMatch(/from "perdure\/internal"/);
    const { main } = (await import(/* @vite-ignore */ pathToFileURL(project.path("dist/main.js")).href)) as {
      main(): Promise<string>;
    };
    expect(await main()).toBe("charged o1");
    expect(trace).toEqual(["main", "helper", "charge"]);
    expect(manifest?.modules.map(({ file, imports }) => [file, imports])).toEqual([
      ["src/helper.ts", ["src/tasks.ts"]],
      ["src/main.ts", ["src/helper.ts"]],
      ["src/tasks.ts", []],
    ]);
    const map: unknown = JSON.parse(readFileSync(project.path("dist/main.js.map"), "utf8"));
    expect(map).toMatchObject({ sources: expect.arrayContaining([expect.stringMatching(/src\/tasks\.ts$/)]) });
  });

  test("a vite build writes the manifest beside the output under the configured name, or not at all", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    let said: Manifest | undefined;
    const run = (outDir: string, given: Parameters<typeof perdure>[0]) =>
      build({
        ...config(project, { ...given, onManifest: (m) => (said = m) }),
        build: { ssr: project.path("src/main.ts"), outDir: project.path(outDir) },
      });
    await run("a", {});
    expect(parseManifest(JSON.parse(readFileSync(project.path("a/perdure.manifest.json"), "utf8")), "a")).toEqual(said);
    await run("b", { manifest: "steps.json" });
    expect(readdirSync(project.path("b")).sort()).toEqual(["main.js", "steps.json"]);
    await run("c", { manifest: false });
    expect(readdirSync(project.path("c"))).toEqual(["main.js"]);
  });

  test("a vite library build is compiled", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    await build({
      ...config(project),
      build: {
        lib: { entry: project.path("src/main.ts"), formats: ["es"], fileName: "main" },
        outDir: project.path("dist"),
        rolldownOptions: { external: ["perdure/internal"] },
      },
    });
    expect(readFileSync(project.path("dist/main.js"), "utf8")).toMatch(/\.task\(/);
  });

  test("a vite build fails with the location, code frame and hint of an error", async () => {
    const project = temporaryProject({ "src/main.ts": `export async function f() {\n  "use tasks";\n}\n` });
    const failure = build({ ...config(project), build: { ssr: project.path("src/main.ts"), write: false } });
    await expect(failure).rejects.toThrow(
      /src\/main\.ts:2:4 error: "use tasks" is not a directive\n[^]*> 2 \|   "use tasks";\n[^]*did you mean "use task"\? \(DIRECTIVE_MISSPELT\)/,
    );
  });
});

describe("vite dev", () => {
  test("the development server compiles modules and writes no files", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    const server = await devServer(project);
    const trace = traced();
    const { main } = (await server.ssrLoadModule("/src/main.ts")) as { main(): Promise<string> };
    expect(await main()).toBe("charged o1");
    expect(trace).toEqual(["main", "helper", "charge"]);
    await server.close();
    expect(existsSync(project.path("dist"))).toBe(false);
    expect(existsSync(project.path("perdure.manifest.json"))).toBe(false);
  });

  test("the development server recompiles a module after a module it imports has changed", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    project.write("src/tasks.ts", `export async function charge(id: string) { return "plain " + id }\n`);
    const server = await devServer(project);
    const load = async (): Promise<string> =>
      ((await server.ssrLoadModule("/src/main.ts")) as { main(): Promise<string> }).main();
    const trace = traced();
    expect(await load()).toBe("plain o1");
    expect(trace).toEqual(["main"]);
    project.write("src/tasks.ts", orders["src/tasks.ts"]);
    server.watcher.emit("change", project.path("src/tasks.ts"));
    await vi.waitFor(async () => {
      trace.length = 0;
      expect(await load()).toBe("charged o1");
      expect(trace).toEqual(["main", "helper", "charge"]);
    });
  });

  test("the development server reports an error at its location", async () => {
    const project = temporaryProject({ "src/main.ts": `export function f() {\n  "use task";\n}\n` });
    const server = await devServer(project);
    await expect(server.ssrLoadModule("/src/main.ts")).rejects.toMatchObject({
      loc: { line: 2, column: 2 },
      message: expect.stringContaining("TASK_NOT_ASYNC"),
    });
  });
});

describe("the inspector of a development server", () => {
  const withInspector = {
    ...fakeRuntime,
    "node_modules/perdure/package.json": JSON.stringify({
      name: "perdure",
      type: "module",
      exports: { ".": "./index.js", "./internal": "./internal.js", "./inspector": "./inspector.js" },
    }),
    "node_modules/perdure/inspector.js": `
      let made = 0;
      export function inspectorHandler({ store }) {
        const number = ++made;
        return (request, response) => response.end(store + " " + number);
      }`,
  };
  const ask = async (server: ViteDevServer): Promise<string> => {
    const listening = http.createServer(server.middlewares).listen(0, "127.0.0.1");
    onTestFinished(() => void listening.close());
    await once(listening, "listening");
    const { port } = listening.address() as AddressInfo;
    return (await fetch(`http://127.0.0.1:${port}/__perdure/`)).text();
  };

  test("a restarted server keeps the inspector that has the store open", async () => {
    vi.stubEnv("PERDURE_STORE", "sqlite:a.db");
    onTestFinished(() => void vi.unstubAllEnvs());
    const project = temporaryProject({ ...orders, ...withInspector });
    const server = await devServer(project);
    expect(await ask(server)).toBe("sqlite:a.db 1");
    await server.restart();
    expect(await ask(server)).toBe("sqlite:a.db 1");
    vi.stubEnv("PERDURE_STORE", "sqlite:b.db");
    expect(await ask(await devServer(project))).toBe("sqlite:b.db 2");
  });
});
