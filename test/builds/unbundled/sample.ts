import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { App, type TypeScript } from "./app.ts";
import type { Files } from "./program.ts";
import { tsconfig } from "./rows.ts";

/** A small program: a task, a helper around it, a workflow, and the start of a run. */
export const tasks = `export async function charge(amount: number): Promise<number> {\n  "use task";\n  return amount + 1;\n}\n`;
const helper = `import { charge } from "./tasks.js";\n\nexport const chargeTwice = async (amount: number): Promise<number> => charge(await charge(amount));\n`;
export const flow = `import { chargeTwice } from "./helper.js";\n\nexport async function flow(amount: number): Promise<number> {\n  "use workflow";\n  return await chargeTwice(amount);\n}\n`;
const main = `import { close, start } from "perdure";\nimport { flow } from "./flow.js";\n\nconst run = await start(flow, [1]);\nconsole.log("result", await run.result());\nawait close();\n`;

const sources: Files = {
  "package.json": JSON.stringify({ name: "app", type: "module" }),
  "src/tasks.ts": tasks,
  "src/helper.ts": helper,
  "src/flow.ts": flow,
  "src/main.ts": main,
};

export const inMemory = { PERDURE_STORE: "memory:" };
export const plainTsc = "node_modules/typescript/bin/tsc";

export const sample = (typescript: TypeScript, options: object = {}, files: Files = {}): Promise<App> =>
  App.create(
    20,
    {
      ...sources,
      "tsconfig.json": tsconfig({ declaration: true, rewriteRelativeImportExtensions: undefined, ...options }),
      ...files,
    },
    { typescript },
  );

/** The same program in two projects, one of which references the other. */
export const projects = (options: object = {}): Files => {
  const composite = (rest: object): string =>
    tsconfig(
      { composite: true, declarationMap: true, rewriteRelativeImportExtensions: undefined, ...options },
      { include: ["src"], ...rest },
    );
  return {
    "package.json": JSON.stringify({ name: "app", type: "module" }),
    "tsconfig.json": JSON.stringify({ files: [], references: [{ path: "./app" }] }),
    "lib/tsconfig.json": composite({}),
    "lib/src/tasks.ts": `${tasks}export const enum Limit {\n  Low = 40,\n}\n`,
    "app/tsconfig.json": composite({ references: [{ path: "../lib" }] }),
    "app/src/flow.ts": `import { charge, Limit } from "../../lib/src/tasks.js";\n\nexport async function flow(amount: number): Promise<number> {\n  "use workflow";\n  return await charge(amount + Limit.Low);\n}\n`,
    "app/src/main.ts": main,
    // the program imports the sources of the library through the paths of their output
    "lib/src/package.json": JSON.stringify({ type: "module" }),
    "lib/src/tasks.js": `export * from "../dist/tasks.js";`,
  };
};

/** The modification times of all files below a directory, by path. */
export const times = (app: App, directory = "dist"): Record<string, number> =>
  Object.fromEntries(
    readdirSync(app.path(directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(app.root.length + 1), statSync(path).mtimeMs]),
  );

export const isCompiled = (app: App, file: string): boolean => app.read(file).includes("perdure/internal");
