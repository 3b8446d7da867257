import { build, type BuildOptions, type Plugin } from "esbuild";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import perdure from "../src/adapters/esbuild.ts";
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

it("compiles a bundle", async () => {
  const project = temporaryProject({ ...orders, ...fakeRuntime });
  const trace: string[] = [];
  Reflect.set(globalThis, "trace", trace);
  onTestFinished(() => void Reflect.deleteProperty(globalThis, "trace"));
  await build(options(project));
  const { main } = (await import(/* @vite-ignore */ pathToFileURL(project.path("dist/main.mjs")).href)) as { main(): Promise<string> };
  expect(await main()).toBe("charged o1");
  expect(trace).toEqual(["main", "helper", "charge"]);
});

it("leaves files with nothing to do to other plugins", async () => {
  const project = temporaryProject({ ...orders, ...fakeRuntime, "src/main.ts": `export { untouched } from "./untouched";\n` });
  const other: Plugin = {
    name: "other",
    setup: (build) => build.onLoad({ filter: /untouched\.ts$/ }, () => ({ contents: "export const untouched = 'seen'", loader: "ts" })),
  };
  const { outputFiles } = await build({ ...options(project, [other]), write: false, sourcemap: false });
  expect(outputFiles?.[0]?.text).toContain('"seen"');
});

it("reports errors and warnings with their source lines", async () => {
  const project = temporaryProject({ ...orders, ...fakeRuntime, "src/main.ts": `export async function é() { "use task: retires=3"; }\n` });
  await expect(build(options(project))).rejects.toMatchObject({
    errors: [
      {
        text: 'a task has no argument "retires" (DIRECTIVE_ARGUMENT_UNKNOWN)',
        location: { file: "src/main.ts", line: 1, lineText: 'export async function é() { "use task: retires=3"; }', length: 9 },
        notes: [{ text: 'did you mean "retries"? a task takes retries, backoff and timeout' }],
      },
    ],
  });
  writeFileSync(project.path("src/main.ts"), `import { charge } from "./tasks";\nexport async function main() {\n  "use workflow";\n  charge("x");\n}\n`);
  const { warnings } = await build(options(project));
  expect(warnings).toMatchObject([{ text: expect.stringContaining("UNAWAITED_CALL"), location: { line: 4, column: 2, lineText: '  charge("x");' } }]);
});

it("notices in a rebuild that another file has changed", async () => {
  const project = temporaryProject({ ...orders, ...fakeRuntime });
  const plugin = perdure();
  project.write("src/tasks.ts", `export async function charge(id: string) { return id }\n`);
  const run = async () => (await build({ ...options(project), plugins: [plugin], write: false, sourcemap: false })).outputFiles?.[0]?.text;
  expect(await run()).not.toMatch(/"name": "helper"/);
  project.write("src/tasks.ts", orders["src/tasks.ts"]);
  expect(await run()).toMatch(/"name": "helper"/);
});
