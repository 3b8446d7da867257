import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "unplugin-perdure";
import perdure from "unplugin-perdure/vite";
import webpackPerdure from "unplugin-perdure/webpack";
import { build, createBuilder, createServer, isRunnableDevEnvironment } from "vite";
import { describe, expect, onTestFinished, test } from "vitest";
import webpack, { type Configuration, type RuleSetRule } from "webpack";
import { bundle, bundlers } from "./bundlers.ts";
import { project } from "./project.ts";

const files = {
  "index.html": `<script type="module" src="/src/main.ts"></script>`,
  "src/main.ts": `import { title } from "./title.ts";\nimport { buy } from "./shop.ts";\nconsole.log(title, buy);\n`,
  "src/title.ts": `export const title = "shop";\n`,
  "src/shop.ts": `import { title } from "./title.ts";\nexport const buy = async () => [title, await import("./orders.ts")];\n`,
  "src/orders.ts": `export async function order(id: string): Promise<string> {\n  "use workflow: id=order-{id}";\n  return id;\n}\n`,
  "src/beside.ts": `import { page } from "./route.ts";\nconsole.log(page);\n`,
  "src/route.ts": `import { appendFileSync } from "node:fs";
async function note(id: string): Promise<string> {
  "use task";
  appendFileSync("notes", id);
  return id;
}
const order = async (id: string) => {
  "use workflow: id=order-{id}";
  return note(id);
};
export const action = async (): Promise<string> => order("a");
export const page = "<p>shop</p>";
`,
  "src/types.ts": `import type { order } from "./orders.ts";\nconsole.log(null as unknown as ReturnType<typeof order>);\n`,
  "src/waits.ts": `import { signal } from "perdure";\nexport const wait = async () => signal("x");\nwait();\n`,
};

const chain = "src/main.ts → src/shop.ts → src/orders.ts";

/** Every bundler with a browser target; rollup has no targets. */
const forBrowsers = bundlers.filter(([, bundler]) => bundler !== "rollup");

describe.each(forBrowsers)("a browser build with %s", (_title, bundler) => {
  test("a browser build fails with the import path that leads to a workflow", () => {
    const { status, output } = bundle(bundler, project(files), "src/main.ts", "browser");
    expect(status).not.toBe(0);
    expect(output).toContain(`src/orders.ts contains workflows and is imported by browser code: ${chain}`);
    expect(output).toMatch(/src\/orders\.ts:2:[23]\b/);
    expect(output).toContain('"use workflow: id=order-{id}"');
    expect(output).toContain("(BROWSER_IMPORT)");
  });

  test("browser code can import the types of a workflow", () => {
    expect(bundle(bundler, project(files), "src/types.ts", "browser")).toMatchObject({ status: 0 });
  });

  test("browser code can import from a module with workflows what does not lead to them", () => {
    const { status, output } = bundle(bundler, project(files), "src/beside.ts", "browser", [], { MODE: "production" });
    expect(status, output).toBe(0);
    expect(output).toContain("<p>shop</p>");
    expect(output).not.toMatch(/BROWSER_IMPORT|use (?:task|workflow)|appendFileSync/);
  });

  test("a browser build leaves modules without workflows unchanged", () => {
    const { status, output } = bundle(bundler, project(files), "src/waits.ts", "browser");
    expect(status, output).toBe(0);
    expect(output).not.toContain("perdure/internal");
  });
});

test("in a vite browser build, the import path starts at the HTML page or at its script", () => {
  expect(bundle("vite", project(files), "index.html", "browser").output).toMatch(
    new RegExp(`browser code: (?:index\\.html → )?${chain}`),
  );
});

test("a workflow module as an entry of a browser build is refused", () => {
  expect(bundle("esbuild", project(files), "src/orders.ts", "browser").output).toContain(
    "src/orders.ts contains workflows and is an entry point of a browser build",
  );
});

test("vite's development server reports a workflow to the browser and loads it on the server", async () => {
  const root = project(files);
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "silent",
    server: { middlewareMode: true, ws: false, watch: null },
    appType: "custom",
    optimizeDeps: { noDiscovery: true },
    plugins: [perdure()],
  });
  onTestFinished(() => server.close());
  const { client, ssr } = server.environments;
  for (const file of ["main", "title", "shop"]) expect(await client.transformRequest(`/src/${file}.ts`)).not.toBeNull();
  const failure = client.transformRequest("/src/orders.ts");
  await expect(failure).rejects.toMatchObject({
    message: expect.stringContaining(`imported by browser code: ${chain}`),
    loc: { line: 2, column: 2 },
  });
  if (!ssr || !isRunnableDevEnvironment(ssr)) throw new Error("no server environment");
  expect(await ssr.runner.import("/src/orders.ts")).toHaveProperty("order");
});

/** A framework that takes the server's parts out of a module for browsers, as React Router and TanStack Start do. */
const framework = {
  name: "framework",
  transform(this: { readonly environment?: { readonly name: string } }, code: string, id: string) {
    if (!id.endsWith("/route.ts") || this.environment?.name !== "client") return undefined;
    expect(code).toContain("action");
    return `export const page = "<p>shop</p>";`;
  },
};

describe.each([
  ["before", [framework, perdure()]],
  ["after", [perdure(), framework]],
] as const)("a framework's plugin %s ours that takes workflows out of modules for browsers", (_, plugins) => {
  test("the development server serves what is left", async () => {
    const server = await createServer({
      root: project(files),
      configFile: false,
      logLevel: "silent",
      server: { middlewareMode: true, ws: false, watch: null },
      appType: "custom",
      optimizeDeps: { noDiscovery: true },
      plugins: [...plugins],
    });
    onTestFinished(() => server.close());
    const { client, ssr } = server.environments;
    expect((await client.transformRequest("/src/route.ts"))?.code).toContain("<p>shop</p>");
    if (!ssr || !isRunnableDevEnvironment(ssr)) throw new Error("no server environment");
    expect(await ssr.runner.import("/src/route.ts")).toHaveProperty("action");
  });

  test("the build succeeds", async () => {
    const root = project({ ...files, "src/main.ts": `import * as route from "./route.ts";\nconsole.log(route);\n` });
    await build({ root, configFile: false, logLevel: "silent", plugins: [...plugins] });
  });
});

test("a webpack loader that replaces the functions of a server module leaves nothing to refuse in a development build", async () => {
  const root = project({
    "src/main.js": `import { place } from "./actions.js";\nplace();\n`,
    "src/actions.js": `export async function place() {\n  "use workflow";\n}\n`,
    "proxy.cjs": `module.exports = (code) => code.includes("use workflow") ? code : "export const place = () => fetch('/actions');";\n`,
  });
  const errorsWith = async (rules: readonly RuleSetRule[]): Promise<string[]> => {
    const config: Configuration = {
      context: root,
      entry: "./src/main.js",
      mode: "development",
      target: "web",
      output: { path: join(root, "dist") },
      module: { rules: [...rules] },
      plugins: [webpackPerdure()],
    };
    return new Promise((resolve, reject) =>
      webpack(config, (error, stats) =>
        error ? reject(error) : resolve((stats?.compilation.errors ?? []).map(({ message }) => message)),
      ),
    );
  };
  expect(await errorsWith([{ test: /actions\.js$/, loader: join(root, "proxy.cjs") }])).toEqual([]);
  expect(await errorsWith([])).toEqual([
    expect.stringMatching(
      /^src\/actions\.js:2:3 error: .*browser code: src\/main\.js → src\/actions\.js\n[^]*\(BROWSER_IMPORT\)$/,
    ),
  ]);
});

test.each([
  ["client", "ssr"],
  ["ssr", "client"],
] as const)("one vite plugin builds for the browser and for the server, %s first", async (...order) => {
  const root = project({ ...files, "src/main.ts": `import { wait } from "./waits.ts";\nconsole.log(wait);\n` });
  let manifest: Manifest | undefined;
  const builder = await createBuilder({
    root,
    configFile: false,
    logLevel: "silent",
    plugins: [perdure({ onManifest: (each) => (manifest = each) })],
    environments: {
      client: { build: { outDir: "dist/client", rolldownOptions: { external: [/^perdure/] } } },
      ssr: { build: { outDir: "dist/server", ssr: true, rolldownOptions: { input: "src/orders.ts" } } },
    },
    builder: { sharedConfigBuild: true, sharedPlugins: true },
  });
  for (const name of order) {
    const environment = builder.environments[name];
    if (environment) await builder.build(environment);
  }
  expect(manifest?.modules.map(({ file }) => file)).toEqual(["src/orders.ts"]);
  expect(existsSync(join(root, "dist/server/perdure.manifest.json"))).toBe(true);
  expect(existsSync(join(root, "dist/client/perdure.manifest.json"))).toBe(false);
});
