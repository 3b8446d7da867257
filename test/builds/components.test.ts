import { parseManifest, type Manifest, type ModuleInfo } from "@perdure/protocol";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { rollup } from "rollup";
import { compile } from "svelte/compiler";
import perdureRolldown from "unplugin-perdure/rolldown";
import perdureRollup from "unplugin-perdure/rollup";
import perdureWebpack from "unplugin-perdure/webpack";
import { describe, expect, test } from "vitest";
import webpack from "webpack";
import { external } from "./build.ts";
import { project } from "./project.ts";

/** The functions are at the same lines and columns in each. */
const script = (types: boolean): string => `
async function load(n${types ? ": number" : ""}) {
  "use task: retries=1";
  return n + 1;
}
async function page(id${types ? ": string" : ""}) {
  "use workflow: id=page-{id}";
  return (await load(1)) + (await load(2));
}
`;

const files = {
  "src/Js.vue": `<script setup>\nimport { start } from "perdure";${script(false)}const run = await start(page, ["js"]);\n</script>\n<template><p>{{ run.id }}</p></template>\n`,
  "src/Ts.vue": `<script setup lang="ts">\nimport { start } from "perdure";${script(true)}const run = await start(page, ["ts"]);\n</script>\n<template><p>{{ run.id }}</p></template>\n`,
  "src/Plain.vue": `<script>\nexport const name = "plain";${script(false)}export { load, page };\nexport default {};\n</script>\n<template><p>"use task"</p></template>\n`,
  "src/Module.svelte": `<script module lang="ts">\nexport const name = "module";${script(true)}export { load, page };\n</script>\n<p>module</p>\n`,
  "src/flow.ts": `import { load } from "./Plain.vue";
import { load as second } from "./Module.svelte";
export async function flow(): Promise<number> {
  "use workflow";
  return (await load(1)) + (await second(2));
}
`,
  "src/main.ts": `export { flow } from "./flow.ts";\nexport { default as Js } from "./Js.vue";\nexport { default as Ts } from "./Ts.vue";\n`,
};

interface Options {
  readonly order?: "first" | "last";
  readonly build?: { readonly sourcemap?: boolean };
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly warnings?: Readonly<Record<string, string>>;
}

/** What a process prints that builds or serves the program with Vite. */
function vite(how: "build" | "dev", program: Readonly<Record<string, string>>, options: Options = {}): string {
  const { order = "first", build = {}, ...given } = options;
  const args = [how, project(program), order, JSON.stringify(build), JSON.stringify(given)];
  const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "components.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  return stdout + stderr;
}

const manifestIn = (output: string): Manifest => {
  const text = /^manifest: (.*)$/m.exec(output)?.[1];
  expect(text, output).toBeDefined();
  return parseManifest(JSON.parse(text ?? ""), "output");
};

const manifestOf = (options: Options): Manifest => manifestIn(vite("build", files, options));

/** The tasks and workflows of a module, and its calls of tasks, with their places. What the plugins of the frameworks add has the place 1:1. */
const placesIn = (info: ModuleInfo | undefined): unknown => ({
  functions: info?.functions.flatMap(({ name, kind, at }) => (kind === "helper" ? [] : [[name, kind, ...at]])),
  sites: info?.sites.filter(([name, line]) => name === "load" && line > 1),
});

const expected = {
  functions: [
    ["load", "task", 3, 16],
    ["page", "workflow", 7, 16],
  ],
  sites: [
    ["load", 9, 17],
    ["load", 9, 35],
  ],
};

const names = ["Js.vue", "Ts.vue", "Plain.vue", "Module.svelte"] as const;

const infoOf = ({ modules }: Manifest, name: string): ModuleInfo | undefined =>
  modules.find(({ file }) => file === `src/${name}`);

describe.each(["first", "last"] as const)("a vite build in which our plugin is %s", (order) => {
  test.each([true, false])("components are compiled with their own places, source maps: %s", (sourcemap) => {
    const manifest = manifestOf({ order, build: { sourcemap } });
    for (const name of names) expect(placesIn(infoOf(manifest, name)), name).toEqual(expected);
  });

  test("a workflow in a script calls the tasks of components", () => {
    const flow = infoOf(manifestOf({ order }), "flow.ts");
    expect(flow?.sites.map(([name]) => name)).toEqual(["load", "load"]);
    expect(flow?.imports).toEqual(["src/Module.svelte", "src/Plain.vue"]);
  });
});

test("an include for components does not reach their raw text", () => {
  const manifest = manifestOf({ include: ["\\.[cm]?[jt]sx?(?:\\?.*)?$", "\\.vue(?:\\?.*)?$", "\\.svelte$"] });
  for (const name of names) expect(placesIn(infoOf(manifest, name)), name).toEqual(expected);
});

test("a component that is excluded is not compiled, and the build reports the calls of its tasks", () => {
  const exclude = ["node_modules", "\\.svelte$"];
  expect(vite("build", files, { exclude })).toContain("remove src/Module.svelte from the plugin's option exclude");
  const manifest = manifestOf({ exclude, warnings: { IMPORT_NOT_COMPILED: "off" } });
  expect(infoOf(manifest, "Module.svelte")).toBeUndefined();
});

test.each(names)("an error in %s has the line and code frame of the component", (name) => {
  const text = files[`src/${name}`].replace("retries=1", "retires=1");
  expect(vite("build", { ...files, [`src/${name}`]: text })).toMatch(
    new RegExp(
      `src/${name.replace(".", "\\.")}:4:\\d+ error: [^]*> 4 \\|   "use task: retires=1";\\n[^]*\\(DIRECTIVE_ARGUMENT_UNKNOWN\\)`,
    ),
  );
});

test("the development server compiles components for the server and refuses them to the browser", () => {
  const output = vite("dev", files);
  for (const name of names)
    expect(output).toContain(`${name} to the browser: 4:2 src/${name}:4:3 error: src/${name} contains workflows`);
  expect(output).toMatch(/^default,load,name,page$/m);
  expect(output).not.toContain("is not compiled");
  const manifest = manifestIn(output);
  for (const name of names) expect(placesIn(infoOf(manifest, name)), name).toEqual(expected);
});

/** Makes a module of a component. */
const svelteOnly = {
  name: "svelte-only",
  transform(code: string, id: string) {
    if (!id.endsWith(".svelte")) return undefined;
    const { js } = compile(code, { generate: "server", filename: id });
    return { code: js.code, map: js.map.toString() };
  },
};

test.each([
  [
    "rollup",
    async (root: string, onManifest: (manifest: Manifest) => void) => {
      const input = join(root, "src/Module.svelte");
      const plugins = [perdureRollup({ root, onManifest }), svelteOnly];
      await (await rollup({ input, external: [...external, /^svelte/], plugins })).generate({});
    },
  ],
  [
    "rolldown",
    async (root: string, onManifest: (manifest: Manifest) => void) => {
      const input = join(root, "src/Module.svelte");
      const plugins = [perdureRolldown({ root, onManifest }), svelteOnly];
      await (await rolldown({ input, external: [...external, /^svelte/], plugins })).generate({});
    },
  ],
] as const)("%s compiles the module that another plugin makes of a component", async (_, bundle) => {
  let manifest: Manifest = { version: 1, modules: [] };
  await bundle(project(files), (each) => (manifest = each));
  expect(placesIn(infoOf(manifest, "Module.svelte"))).toEqual(expected);
});

/** The errors of a webpack build whose loader for components makes stubs of them. */
async function webpackErrors(entry: string): Promise<string[]> {
  const root = project({ ...files, "loader.cjs": `module.exports = () => "export const load = 0";\n` });
  return new Promise<string[]>((resolve, reject) =>
    webpack(
      {
        context: root,
        entry,
        target: "node20",
        mode: "development",
        output: { path: join(root, "dist") },
        module: {
          rules: [
            { test: /\.(?:svelte|vue)$/, loader: join(root, "loader.cjs") },
            { test: /\.ts$/, loader: "esbuild-loader" },
          ],
        },
        plugins: [perdureWebpack()],
      },
      (error, stats) =>
        error ? reject(error) : resolve((stats?.compilation.errors ?? []).map(({ message }) => message)),
    ),
  );
}

test("webpack says that it cannot compile a component", async () => {
  expect(await webpackErrors("./src/Module.svelte")).toEqual([
    expect.stringMatching(/^src\/Module\.svelte:4:3 error: [^]*\(COMPONENT_NOT_COMPILED\)$/),
  ]);
});

test("webpack says which calls lead to a component that it cannot compile", async () => {
  expect((await webpackErrors("./src/flow.ts")).filter((each) => each.includes("IMPORT_NOT_COMPILED"))).toEqual([
    expect.stringMatching(/^src\/flow\.ts:5:17 error: [^]*→ move it from the component into a \.ts or \.js file/),
    expect.stringMatching(/^src\/flow\.ts:5:35 error: [^]*→ move it from the component into a \.ts or \.js file/),
  ]);
});
