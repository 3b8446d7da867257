import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { tsconfig, typescriptProject } from "./check-project.ts";

const built = (name: string): string => pathToFileURL(resolve(import.meta.dirname, `../../dist/${name}.mjs`)).href;
const installed = (name: string): string => resolve(import.meta.dirname, "../../../../node_modules", name);

/** Runs a program that imports the built package in a process of its own, inside a project. */
function run(
  program: string,
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
): unknown {
  const project = typescriptProject({ "node_modules/.keep": "", ...files });
  for (const [name, target] of Object.entries(links))
    symlinkSync(installed(target), project.path(`node_modules/${name}`));
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: project.root, encoding: "utf8" }),
  );
}

const task = `export async function open() {\n  "use task";\n  return { close() {}, at: new Date() };\n}\n`;

test("a build does not load TypeScript into its own thread, with or without the type check", () => {
  const program = (check: boolean): string => `
    import { createRequire } from "node:module";
    import { build } from ${JSON.stringify(pathToFileURL(installed("esbuild/lib/main.js")).href)};
    import perdure from ${JSON.stringify(built("esbuild"))};
    await import(${JSON.stringify(built("vite"))});
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).some((path) => /ts-morph|node_modules.typescript/.test(path));
    const outcome = await build({ entryPoints: ["src/main.ts"], bundle: true, platform: "node", write: false, external: ["perdure"], logLevel: "silent", plugins: [perdure({ check: ${check} })] }).then(() => "built", (error) => error.message);
    const before = loaded();
    await import(${JSON.stringify(built("check"))});
    console.log(JSON.stringify({ outcome, before, after: loaded() }));`;
  expect(run(program(false), { "src/main.ts": task })).toEqual({ outcome: "built", before: false, after: true });
  expect(run(program(true), { "src/main.ts": task })).toEqual({
    outcome: expect.stringContaining("open returns .close: a function"),
    before: false,
    after: true,
  });
});

test("the type check keeps the process alive only while the build waits for it", () => {
  const program = `
    import perdure from ${JSON.stringify(built("index"))};
    const alive = () => process.getActiveResourcesInfo().filter((each) => each === "MessagePort").length;
    const plugin = perdure.rollup({ check: true });
    plugin.buildStart.call({});
    const begun = alive();
    const end = plugin.buildEnd.call({ error() {} });
    const waiting = alive();
    await end;
    console.log(JSON.stringify({ begun, waiting }));`;
  expect(run(program, { "src/main.ts": task })).toEqual({ begun: 0, waiting: 1 });
});

test("the type check works with any version of TypeScript in the project, or none", () => {
  const program = `
    import { check } from ${JSON.stringify(built("check"))};
    console.log(JSON.stringify(check().diagnostics.map(({ message }) => message)));`;
  const files = { "tsconfig.json": tsconfig({ strictFromTomorrow: true }), "src/main.ts": task };
  const expected = ["open returns .close: a function, which cannot be stored"];
  expect(run(program, files, { typescript: "typescript-7" })).toEqual(expected);
  expect(run(program, files, { typescript: "typescript-5.9" })).toEqual(expected);
  expect(run(program, files)).toEqual(expected);
});
