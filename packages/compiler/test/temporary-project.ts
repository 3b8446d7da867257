import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export interface TemporaryProject {
  readonly root: string;
  path(name: string): string;
  write(name: string, content: string): void;
}

/** A project on disk, removed after the test. */
export function temporaryProject(files: Readonly<Record<string, string>>): TemporaryProject {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "perdure-compiler-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string): string => join(root, name);
  const write = (name: string, content: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return { root, path, write };
}

/** A runtime that records calls in `globalThis.trace`. */
export const fakeRuntime = {
  "node_modules/perdure/package.json": JSON.stringify({
    name: "perdure",
    type: "module",
    exports: { ".": "./index.js", "./internal": "./internal.js" },
  }),
  "node_modules/perdure/index.js": `export const sleep = async () => {}; globalThis.trace?.push("runtime loaded")`,
  "node_modules/perdure/internal.js": `
    const note = (info, index) => globalThis.trace?.push(info.functions[index].name);
    export const module = (abi, info) => ({
      task: (i, args, body) => (note(info, i), body(...args)), workflow: (i, args, body) => (note(info, i), body(...args)),
      scope: (i, body) => (note(info, i), body()), generator: (i, g) => g, here: () => 0, back: (s, v) => v,
      loop: () => ({ next: () => true, end() {} }), at: () => [], define: (f) => f, methods: (o) => o })`,
};

export const orders = {
  "package.json": JSON.stringify({ name: "orders", type: "module" }),
  "src/tasks.ts": `export async function charge(id: string): Promise<string> {\n  "use task: retries=2";\n  return "charged " + id;\n}\n`,
  "src/index.ts": `export * from "./tasks";\n`,
  "src/helper.ts": `import { charge } from "./index";\nexport const helper = async (id: string) => charge(id);\n`,
  "src/main.ts": `import { helper } from "./helper.js";\nexport async function main(): Promise<string> {\n  "use workflow";\n  return await helper("o1");\n}\n`,
  "src/untouched.ts": `export const untouched = 1 as const;\n`,
};
