import { build, type BuildOptions, type Plugin } from "esbuild";
import { parseManifest, type Manifest } from "@perdure/protocol";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import perdure from "../src/adapters/bundlers/esbuild.ts";
import { fakeRuntime, orders, temporaryProject, type TemporaryProject } from "./temporary-project.ts";

const options = ({ root, path }: TemporaryProject, plugins: Plugin[] = []): BuildOptions => ({
  absWorkingDir: root,
  entryPoints: [path("src/main.ts")],
  bundle: true,
  platform: "node",
  format: "esm",
  outfile: path("dist/main.mjs"),
  external: ["perdure"],
  logLevel: "silent",
  sourcemap: true,
  plugins: [perdure(), ...plugins],
});

test("an esbuild bundle of a workflow runs with its helpers and tasks compiled", async () => {
  const project = temporaryProject({ ...orders, ...fakeRuntime });
  const trace: string[] = [];
  Reflect.set(globalThis, "trace", trace);
  onTestFinished(() => void Reflect.deleteProperty(globalThis, "trace"));
  await build(options(project));
  const { main } = (await import(/* @vite-ignore */ pathToFileURL(project.path("dist/main.mjs")).href)) as {
    main(): Promise<string>;
  };
  expect(await main()).toBe("charged o1");
  expect(trace).toEqual(["main", "helper", "charge"]);
});

test("files without durable code are left to other esbuild plugins", async () => {
  const project = temporaryProject({
    ...orders,
    ...fakeRuntime,
    "src/main.ts": `export { untouched } from "./untouched";\n`,
  });
  const other: Plugin = {
    name: "other",
    setup: (build) =>
      build.onLoad({ filter: /untouched\.ts$/ }, () => ({ contents: "export const untouched = 'seen'", loader: "ts" })),
  };
  const { outputFiles } = await build({ ...options(project, [other]), write: false, sourcemap: false });
  expect(outputFiles?.[0]?.text).toContain('"seen"');
});

test("errors and warnings are reported to esbuild with their source lines", async () => {
  const project = temporaryProject({
    ...orders,
    ...fakeRuntime,
    "src/main.ts": `export async function é() { "use task: retires=3"; }\n`,
  });
  await expect(build(options(project))).rejects.toMatchObject({
    errors: [
      {
        text: 'a task has no argument "retires" (DIRECTIVE_ARGUMENT_UNKNOWN)',
        location: {
          file: "src/main.ts",
          line: 1,
          lineText: 'export async function é() { "use task: retires=3"; }',
          length: 9,
        },
        notes: [
          {
            text: 'did you mean "retries"? a task takes retries, backoff, timeout, queue, key, priority, concurrency, perKey, rate and name',
          },
        ],
      },
    ],
  });
  writeFileSync(
    project.path("src/main.ts"),
    `import { charge } from "./tasks";\nexport async function main() {\n  "use workflow";\n  charge("x");\n}\n`,
  );
  const { warnings } = await build(options(project));
  expect(warnings).toMatchObject([
    { text: expect.stringContaining("UNAWAITED_CALL"), location: { line: 4, column: 2, lineText: '  charge("x");' } },
  ]);
});

describe("the manifest of an esbuild build", () => {
  const files = (manifest: Manifest) => manifest.modules.map(({ file }) => file);
  const compiled = ["src/helper.ts", "src/main.ts", "src/tasks.ts"];

  test("the manifest is written beside the output under the configured name, or not at all", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    const read = (name: string): Manifest => parseManifest(JSON.parse(readFileSync(project.path(name), "utf8")), name);
    const said: Manifest[] = [];
    await build({ ...options(project), plugins: [perdure({ onManifest: (manifest) => said.push(manifest) })] });
    expect(read("dist/perdure.manifest.json")).toEqual(said[0]);
    expect(files(read("dist/perdure.manifest.json"))).toEqual(compiled);
    const { outfile: _, ...elsewhere } = options(project);
    await build({ ...elsewhere, outdir: "out", plugins: [perdure({ manifest: "meta/steps.json" })] });
    expect(files(read("out/meta/steps.json"))).toEqual(compiled);
    await build({
      ...options(project),
      outfile: project.path("none/main.mjs"),
      plugins: [perdure({ manifest: false })],
    });
    expect(existsSync(project.path("none/perdure.manifest.json"))).toBe(false);
  });

  test("a build with write: false returns the manifest among its output files", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    const { outputFiles } = await build({ ...options(project), write: false });
    const [manifest] = outputFiles.filter(({ path }) => path === project.path("dist/perdure.manifest.json"));
    expect(files(parseManifest(JSON.parse(manifest?.text ?? ""), "it"))).toEqual(compiled);
    expect(existsSync(project.path("dist"))).toBe(false);
    const { outfile: _, ...elsewhere } = options(project);
    const toStandardOutput = await build({ ...elsewhere, sourcemap: false, write: false });
    expect(toStandardOutput.outputFiles.map(({ path }) => path)).toEqual(["<stdout>"]);
  });

  test("no manifest is written if nothing was compiled or the build failed", async () => {
    const project = temporaryProject({ ...orders, ...fakeRuntime, "src/main.ts": `export const nothing = 1;\n` });
    await build(options(project));
    expect(existsSync(project.path("dist/main.mjs"))).toBe(true);
    project.write("src/main.ts", `import "./tasks";\nexport const = 1;\n`);
    await expect(build(options(project))).rejects.toThrow();
    expect(existsSync(project.path("dist/perdure.manifest.json"))).toBe(false);
  });
});

test("a rebuild recompiles a module after a file it imports has changed", async () => {
  const project = temporaryProject({ ...orders, ...fakeRuntime });
  const plugin = perdure();
  project.write("src/tasks.ts", `export async function charge(id: string) { return id }\n`);
  const run = async () =>
    (await build({ ...options(project), plugins: [plugin], write: false, sourcemap: false })).outputFiles?.[0]?.text;
  expect(await run()).not.toMatch(/"name": "helper"/);
  project.write("src/tasks.ts", orders["src/tasks.ts"]);
  expect(await run()).toMatch(/"name": "helper"/);
});
