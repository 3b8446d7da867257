import ts from "typescript";
import { describe, expect, test } from "vitest";
import type { NodeLine } from "../nodes.ts";
import { App } from "./unbundled/app.ts";

const lines: readonly NodeLine[] = [20, 22, 24];
const register = ["--import", "unplugin-perdure/register"];
const inMemory = { PERDURE_STORE: "memory:" };
const esm = JSON.stringify({ name: "app", type: "module" });
const cjs = JSON.stringify({ name: "app", type: "commonjs" });

const tasks = `export async function charge(amount) {\n  "use task";\n  return amount + 1;\n}\n`;
const flow = `import { charge } from "./tasks.js";\nexport async function flow(n) {\n  "use workflow";\n  return await charge(n);\n}\n`;
const main = `import { close, start } from "perdure";\nimport { flow } from "./flow.js";\nconst run = await start(flow, [1]);\nconsole.log("result", await run.result());\nawait close();\n`;
const app = { "package.json": esm, "tasks.js": tasks, "flow.js": flow, "main.js": main };

describe.each(lines)("unplugin-perdure/register on Node %i", (line) => {
  test("a compile error ends the program with exit code 1 and shows location and code frame", async () => {
    const broken = `export async function flow() {\n  "use worklfow";\n}\n`;
    const asCommonJs = `exports.flow = async () => {\n  "use worklfow";\n};\n`;
    const inModule = await App.create(line, { ...app, "flow.js": broken });
    const inCommonJs = await App.create(line, {
      "package.json": cjs,
      "flow.js": asCommonJs,
      "main.js": `require("./flow.js");`,
    });
    for (const each of [inModule, inCommonJs]) {
      const output = await each.run([...register, "main.js"], inMemory).exits(1);
      expect(output).toContain(`flow.js:2:4 error: "use worklfow" is not a directive`);
      expect(output).toContain(`> 2 |   "use worklfow";\n    |    ^^^^^^^^^^^^`);
      expect(output).not.toContain("unplugin-perdure/dist/hooks");
    }
  });

  test("stack traces of code built by another tool follow its source map to the TypeScript source", async () => {
    const source = `interface Never {}\n\nexport async function fail(): Promise<never> {\n  "use task: retries=0";\n  throw new Error("no");\n}\nawait fail().catch((error: Error) => console.log(error.stack?.split("\\n")[1]));\n`;
    for (const inlineSourceMap of [true, false]) {
      const { outputText, sourceMapText = "" } = ts.transpileModule(source, {
        fileName: "main.ts",
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2022,
          sourceMap: !inlineSourceMap,
          inlineSourceMap,
        },
      });
      const created = await App.create(line, {
        "package.json": esm,
        "main.ts": source,
        "main.js": outputText,
        "main.js.map": sourceMapText,
      });
      expect(await created.run(["--enable-source-maps", ...register, "main.js"], inMemory).exits(0)).toContain(
        `${created.path("main.ts")}:5:9`,
      );
    }
  });

  test("a warning is printed once", async () => {
    const { exits } = await started(line, { ...app, "flow.js": flow.replace("return await", "") });
    expect((await exits(0)).split("UNAWAITED_CALL")).toHaveLength(2);
  });

  test("worker threads load compiled modules", async () => {
    const spawning = `import { Worker } from "node:worker_threads";\nnew Worker(new URL("./main.js", import.meta.url)).on("error", (error) => { throw error; });\n`;
    const created = await App.create(line, { ...app, "spawn.js": spawning });
    expect(await created.run([...register, "spawn.js"], inMemory).exits(0)).toContain("result 2");
  });

  test("node --watch recompiles changed modules", async () => {
    const created = await App.create(line, app);
    const watching = created.run(["--watch", ...register, "main.js"], inMemory);
    await watching.printed("result 2");
    created.write("tasks.js", tasks.replace("amount + 1", "amount + 10"));
    await watching.printed("result 11");
  });

  test("a changed module that is imported again is compiled against the changes in other modules", async () => {
    const plain = tasks.replace(`  "use task";\n`, "");
    const helper = flow.replace(`  "use workflow";\n`, "");
    const again = [
      `import { writeFileSync } from "node:fs";`,
      `const modules = () => [...(globalThis[Symbol.for("perdure/registry@2")]?.modules.values() ?? [])];`,
      `const sites = () => modules().find(({ file }) => file === "flow.js")?.sites;`,
      `await import("./flow.js");`,
      `console.log("before", sites());`,
      `writeFileSync("tasks.js", ${JSON.stringify(tasks)});`,
      `writeFileSync("flow.js", ${JSON.stringify(`${helper}// changed\n`)});`,
      `const { flow } = await import("./flow.js?again");`,
      `await flow(1);`,
      `console.log("after", JSON.stringify(sites()));`,
    ].join("\n");
    const created = await App.create(line, { ...app, "tasks.js": plain, "flow.js": helper, "again.js": again });
    expect(await created.run([...register, "again.js"], inMemory).exits(0)).toContain(
      `before undefined\nafter [["charge",3,16,"tasks.js"]]`,
    );
  });

  test("modules in node_modules are not compiled", async () => {
    const dependency = {
      "node_modules/shop/package.json": JSON.stringify({ name: "shop", type: "module", exports: "./index.js" }),
      "node_modules/shop/index.js": tasks,
    };
    const printing = `import { charge } from "shop";\nimport { flow } from "./flow.js";\nconsole.log(String(charge).includes("use task"), String(flow).includes("use workflow"));\n`;
    const created = await App.create(line, { ...app, ...dependency, "main.js": printing });
    expect(await created.run([...register, "main.js"], inMemory).exits(0)).toContain("true false");
  });

  test("CommonJS code can require a compiled ES module and resolve its file", async () => {
    const requiring = `const { flow } = require("./flow.js");\nconst { close, start } = require("perdure");\nconst text = require("node:fs").readFileSync(require.resolve("./tasks.js"), "utf8");\nstart(flow, [1]).then(async (run) => { console.log("result", await run.result(), text.includes("use task")); await close(); });\n`;
    const created = await App.create(line, { ...app, "main.cjs": requiring });
    expect(await created.run([...register, "main.cjs"], inMemory).exits(0)).toContain("result 2 true");
  });

  test("a CommonJS file without imports and exports is compiled", async () => {
    const alone = `async function charge(n) {\n  "use task";\n  return n + 1;\n}\nasync function flow(n) {\n  "use workflow";\n  return await charge(n);\n}\nglobalThis.flow = flow;\n`;
    const starting = `require("./alone.js");\nconst { close, start } = require("perdure");\nstart(globalThis.flow, [1]).then(async (run) => { console.log("result", await run.result()); await close(); });\n`;
    const created = await App.create(line, { "package.json": cjs, "alone.js": alone, "main.js": starting });
    expect(await created.run([...register, "main.js"], inMemory).exits(0)).toContain("result 2");
  });

  test("registering both on the command line and in the program has no further effect", async () => {
    const { exits } = await started(line, { ...app, "main.js": `import "unplugin-perdure/register";\n${main}` });
    expect(await exits(0)).toContain("result 2");
  });

  test("package.json sets the directive words, and PERDURE_ROOT sets the root of the paths", async () => {
    const words = JSON.stringify({
      name: "app",
      type: "module",
      perdure: { directives: { task: "use durable task", workflow: "use durable workflow" } },
    });
    const renamed = {
      "package.json": words,
      "tasks.js": tasks.replace("use task", "use durable task"),
      "flow.js": flow.replace("use workflow", "use durable workflow"),
    };
    const printing = `${main}console.log([...globalThis[Symbol.for("perdure/registry@2")].modules.keys()].join(" "));\n`;
    const created = await App.create(line, { ...app, ...renamed, "main.js": printing });
    const output = await created.run([...register, "main.js"], { ...inMemory, PERDURE_ROOT: ".." }).exits(0);
    expect(output).toContain("result 2");
    expect(output).toMatch(/perdure-app-\w+\/tasks\.js/);
  });

  test("package.json can turn a warning off", async () => {
    const { exits } = await started(line, {
      ...app,
      "flow.js": flow.replace("return await", ""),
      "package.json": JSON.stringify({ name: "app", type: "module", perdure: { warnings: { UNAWAITED_CALL: "off" } } }),
    });
    expect(await exits(0)).not.toContain("UNAWAITED_CALL");
  });

  test("an invalid option in package.json ends the program with an error", async () => {
    const { exits } = await started(line, {
      ...app,
      "package.json": JSON.stringify({ name: "app", type: "module", perdure: { directives: { task: 1 } } }),
    });
    expect(await exits(1)).toContain(
      '1 is not a valid value for the option directives.task of "perdure" in package.json',
    );
  });

  test("another loader that reads a file with directives from the disk is detected", async () => {
    const own = `import { readFileSync } from "node:fs";\nimport { fileURLToPath } from "node:url";\nexport const load = (url, context, next) => (url.endsWith("flow.js") ? { format: "module", shortCircuit: true, source: readFileSync(fileURLToPath(url), "utf8") } : next(url, context));\n`;
    const ownRegister = `import * as module from "node:module";\nimport { load } from "./own.js";\nif (module.registerHooks) module.registerHooks({ load }); else module.register("./own.js", import.meta.url);\n`;
    const created = await App.create(line, { ...app, "own.js": own, "own-register.js": ownRegister });
    const first = await created.run(["--import", "./own-register.js", ...register, "main.js"], inMemory).exits(1);
    expect(first).toContain("another loader read flow.js from disk");
  });
});

async function started(
  line: NodeLine,
  files: Readonly<Record<string, string>>,
): Promise<{ exits: (code: number) => Promise<string> }> {
  const created = await App.create(line, files);
  const execution = created.run([...register, "main.js"], inMemory);
  return { exits: (code) => execution.exits(code) };
}
