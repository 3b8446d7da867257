import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { minify } from "terser";
import { describe, expect, onTestFinished, test } from "vitest";
import { App } from "./unbundled/app.ts";
import { perdureTsc, tried } from "./unbundled/rows.ts";
import { flow, inMemory, isCompiled, plainTsc, projects, sample, tasks, times } from "./unbundled/sample.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");

/** Whether a watch has written files this many times. */
const passes = (count: number) => (output: string) => output.split(/perdure-tsc: \d+ files? written/).length > count;

describe.each(tried)("perdure-tsc with %s", (_, typescript) => {
  test("a type error is reported at its location in the source with exit code 2, and the output is written", async () => {
    const app = await sample(
      typescript,
      {},
      { "src/flow.ts": flow.replace("chargeTwice(amount)", "chargeTwice(String(amount))") },
    );
    const plain = await app.run([plainTsc, "--noEmit"]).ended;
    expect(plain).not.toBe(0);
    expect(await app.run([perdureTsc]).exits(2)).toContain("src/flow.ts(5,28): error TS2345");
    expect(isCompiled(app, "dist/flow.js")).toBe(true);
  });

  test("declarations are the same as those of tsc, and a second run changes no file", async () => {
    const app = await sample(typescript, { declarationMap: true, incremental: true });
    const plain = await sample(typescript, { declarationMap: true });
    await Promise.all([app.run([perdureTsc]).exits(0), plain.run([plainTsc]).exits(0)]);
    for (const file of ["flow.d.ts", "flow.d.ts.map", "tasks.d.ts"])
      expect(app.read(`dist/${file}`)).toBe(plain.read(`dist/${file}`));
    expect(
      readdirSync(app.path("dist"))
        .filter((name) => !/\.tsbuildinfo$|^perdure\./.test(name))
        .toSorted(),
    ).toEqual(readdirSync(plain.path("dist")).toSorted());
    const before = times(app);
    await app.run([perdureTsc]).exits(0);
    expect(times(app)).toEqual(before);
  });

  test("with --incremental, an unchanged file is recompiled after a file it imports has changed", async () => {
    const app = await sample(
      typescript,
      { incremental: true },
      { "src/tasks.ts": tasks.replace(`  "use task";\n`, "") },
    );
    await app.run([perdureTsc]).exits(0);
    expect(isCompiled(app, "dist/helper.js")).toBe(false);
    app.write("src/tasks.ts", tasks);
    await app.run([perdureTsc]).exits(0);
    expect(isCompiled(app, "dist/helper.js")).toBe(true);
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 3");
  });

  test("--build compiles referenced projects, skips them when up to date, and --clean removes their output", async () => {
    const app = await App.create(20, projects(), { typescript });
    await app.run([perdureTsc, "--build"]).exits(0);
    expect([isCompiled(app, "lib/dist/tasks.js"), isCompiled(app, "app/dist/flow.js")]).toEqual([true, true]);
    expect(JSON.parse(app.read("app/dist/flow.js.map"))).toMatchObject({ sources: ["../src/flow.ts"] });
    const before = [times(app, "lib"), times(app, "app")];
    await app.run([perdureTsc, "-b", "--verbose"]).exits(0);
    expect([times(app, "lib"), times(app, "app")]).toEqual(before);
    expect(await app.run(["app/dist/main.js"], inMemory).exits(0)).toContain("result 42");
    await app.run([perdureTsc, "-b", "--clean"]).exits(0);
    expect(existsSync(app.path("app/dist/flow.js"))).toBe(false);
  });

  test("--build reports the errors of tsc with its exit code", async () => {
    const app = await App.create(
      20,
      {
        ...projects(),
        "app/src/flow.ts": projects()["app/src/flow.ts"]?.replace("charge(amount", "charge(String(amount)") ?? "",
      },
      { typescript },
    );
    const plain = await App.create(
      20,
      { ...projects(), "app/src/flow.ts": app.read("app/src/flow.ts") },
      { typescript },
    );
    const code = await plain.run([plainTsc, "-b"]).ended;
    expect(code).not.toBe(0);
    const ours = app.run([perdureTsc, "-b"]);
    expect(await ours.ended).toBe(code);
    expect(ours.output).toContain("app/src/flow.ts(5,23): error TS2345");
  });

  test("--watch recompiles changed files and keeps the old output while there are errors", async () => {
    const app = await sample(typescript);
    const watching = app.run([perdureTsc, "--watch"]);
    onTestFinished(() => watching.stop());
    await watching.printed(passes(1));
    app.write("src/tasks.ts", tasks.replace("amount + 1", "amount + 10"));
    await watching.printed(passes(2));
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 21");
    app.write("src/flow.ts", flow.replace("use workflow", "use worklfow"));
    await watching.printed(`src/flow.ts:4:4 error: "use worklfow" is not a directive`);
    expect(isCompiled(app, "dist/flow.js")).toBe(true);
    app.write("src/flow.ts", `${flow}export const added = 1;\n`);
    await watching.printed(passes(3));
    expect(app.read("dist/flow.js")).toContain("added = 1");
    app.write("src/more/new.ts", tasks);
    await watching.printed(passes(4));
    expect(isCompiled(app, "dist/more/new.js")).toBe(true);
  });
});

describe("perdure-tsc", () => {
  const typescript = "typescript-7";

  test("with noEmitOnError, a type error ends with exit code 1 and nothing is written", async () => {
    const app = await sample(
      typescript,
      { noEmitOnError: true },
      { "src/flow.ts": flow.replace("chargeTwice(amount)", "chargeTwice(String(amount))") },
    );
    expect(await app.run([perdureTsc]).exits(1)).toContain("src/flow.ts(5,28): error TS2345");
    expect(existsSync(app.path("dist"))).toBe(false);
  });

  test("a compile error is shown with a code frame, and the previous JavaScript is kept", async () => {
    const app = await sample(typescript, {}, { "src/flow.ts": flow.replace("use workflow", "use worklfow") });
    await app.run([perdureTsc]).exits(1);
    expect([existsSync(app.path("dist/flow.d.ts")), existsSync(app.path("dist/flow.js"))]).toEqual([true, false]);
    app.write("src/flow.ts", flow);
    await app.run([perdureTsc]).exits(0);
    const before = app.read("dist/flow.js");
    app.write("src/flow.ts", flow.replace("use workflow", "use worklfow"));
    const output = await app.run([perdureTsc]).exits(1);
    expect(output).toContain(`src/flow.ts:4:4 error: "use worklfow" is not a directive`);
    expect(output).toContain(`> 4 |   "use worklfow";`);
    expect(app.read("dist/flow.js")).toBe(before);
  });

  test("output overwritten by plain tsc is compiled again", async () => {
    const app = await sample(typescript);
    await app.run([perdureTsc]).exits(0);
    const before = app.read("dist/flow.js");
    await app.run([plainTsc]).exits(0);
    expect(isCompiled(app, "dist/flow.js")).toBe(false);
    await app.run([perdureTsc]).exits(0);
    expect(app.read("dist/flow.js")).toBe(before);
  });

  test("constant enums and types of other modules are erased as in tsc", async () => {
    const constants = `export const enum Limit {\n  Low = 40,\n}\nexport interface Money {\n  readonly amount: number;\n}\n`;
    const using = `import { Limit, Money } from "./constants.js";\nexport async function limited(money: Money): Promise<number> {\n  "use task";\n  return money.amount + Limit.Low;\n}\nconsole.log("limited", await limited({ amount: 2 }));\n`;
    const app = await sample(typescript, {}, { "src/constants.ts": constants, "src/main.ts": using });
    await app.run([perdureTsc]).exits(0);
    expect(app.read("dist/main.js")).not.toContain("./constants.js");
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("limited 42");
  });

  test("source maps respect sourceRoot and inlineSources", async () => {
    const app = await sample(typescript, { sourceRoot: "https://example.org/sources", inlineSources: true });
    await app.run([perdureTsc]).exits(0);
    const map: { sourceRoot: string; sources: string[]; sourcesContent: string[] } = JSON.parse(
      app.read("dist/flow.js.map"),
    );
    expect(map).toMatchObject({
      sourceRoot: "https://example.org/sources/",
      sources: ["flow.ts"],
      sourcesContent: [flow],
    });
  });

  test("files named on the command line are compiled", async () => {
    const app = await sample(typescript);
    const options = [
      "--outDir",
      "out",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--skipLibCheck",
      "--types",
      "node",
      "--ignoreConfig",
    ];
    await app.run([perdureTsc, "src/main.ts", ...options]).exits(0);
    const [file = ""] = readdirSync(app.path("out"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("main.js"),
    );
    expect(await app.run([`out/${file}`], inMemory).exits(0)).toContain("result 3");
  });

  test("--noEmit reports compile errors and writes nothing", async () => {
    const app = await sample(typescript, {}, { "src/flow.ts": flow.replace("use workflow", "use worklfow") });
    expect(await app.run([perdureTsc, "--noEmit"]).exits(1)).toContain("DIRECTIVE_MISSPELT");
    expect(existsSync(app.path("dist"))).toBe(false);
  });

  test("imports are resolved through the paths of the tsconfig", async () => {
    const app = await sample(
      typescript,
      { paths: { "@app/*": ["./src/*"] } },
      { "src/flow.ts": flow.replace("./helper.js", "@app/helper.js") },
    );
    await app.run([perdureTsc]).exits(0);
    expect(app.read("dist/flow.js")).toMatch(/"sites": \[\["chargeTwice", 5, 16\]\]/);
  });

  test("earlier output of perdure-tsc or tsc does not affect what is compiled", async () => {
    const named = JSON.stringify({ name: "app", type: "module", imports: { "#app/*": "./dist/*.js" } });
    const files = { "package.json": named, "src/flow.ts": flow.replace("./helper.js", "#app/helper") };
    const app = await sample(typescript, {}, files);
    await app.run([perdureTsc]).exits(0);
    const first = app.read("dist/flow.js");
    await app.run([plainTsc]).exits(0);
    await app.run([perdureTsc]).exits(0);
    expect(app.read("dist/flow.js")).toBe(first);
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 3");
  });

  test("a program built by plain tsc, even if minified afterwards, reports at run time that it was not compiled", async () => {
    const app = await sample(typescript, { plugins: [{ transform: "unplugin-perdure/tsc", transformProgram: true }] });
    await app.run([plainTsc]).exits(0);
    const output = await app.run(["dist/main.js"], inMemory).exits(1);
    expect(output).toContain("flow has a directive but was not compiled: it would run without checkpoints");
    expect(output).toContain(`build with perdure-tsc (tsc alone ignores "plugins")`);
    app.write("dist/flow.js", (await minify(app.read("dist/flow.js"), { module: true, mangle: false })).code ?? "");
    expect(app.read("dist/flow.js")).not.toContain("use workflow");
    expect(await app.run(["dist/main.js"], inMemory).exits(1)).toContain("flow is not a compiled workflow or task");
  });

  test("a project without TypeScript is an error unless PERDURE_TSC names a compiler", async () => {
    const app = await sample(typescript);
    rmSync(app.path("node_modules/typescript"));
    expect(await app.run([perdureTsc]).exits(1)).toContain(`TypeScript is not installed in ${app.root}`);
    expect(await app.run([perdureTsc], { PERDURE_TSC: join(modules, "typescript/bin/tsc") }).exits(0)).toBe("");
  });

  test("commands that compile nothing are passed on to tsc", async () => {
    const app = await sample(typescript);
    expect(await app.run([perdureTsc, "--version"]).exits(0)).toBe(await app.run([plainTsc, "--version"]).exits(0));
    expect(await app.run([perdureTsc, "--showConfig"]).exits(0)).toBe(
      await app.run([plainTsc, "--showConfig"]).exits(0),
    );
    const missing = await app.run([perdureTsc, "-p", "nowhere"]).ended;
    expect(missing).toBe(await app.run([plainTsc, "-p", "nowhere"]).ended);
  });

  test("--build recompiles a project after a referenced project has changed", async () => {
    const app = await App.create(
      20,
      { ...projects(), "lib/src/tasks.ts": projects()["lib/src/tasks.ts"]?.replace("Low = 40", "Low = 50") ?? "" },
      { typescript },
    );
    await app.run([perdureTsc, "-b"]).exits(0);
    app.write("lib/src/tasks.ts", projects()["lib/src/tasks.ts"] ?? "");
    await app.run([perdureTsc, "-b"]).exits(0);
    expect(app.read("app/dist/flow.js")).toContain("40 /* Limit.Low */");
  });

  test("--build compiles a project without declarations", async () => {
    const app = await sample(typescript, { declaration: false });
    await app.run([perdureTsc, "-b"]).exits(0);
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 3");
  });

  test("--build --watch recompiles a project after a referenced project has changed", async () => {
    const app = await App.create(20, projects(), { typescript });
    const watching = app.run([perdureTsc, "--build", "--watch"]);
    onTestFinished(() => watching.stop());
    await watching.printed(passes(1));
    // the compiler, which writes the declarations, notices no change before that
    await watching.printed("Watching for file changes");
    app.write("lib/src/tasks.ts", projects()["lib/src/tasks.ts"]?.replace("Low = 40", "Low = 50") ?? "");
    await watching.printed(() => app.read("app/dist/flow.js").includes("50 /* Limit.Low */"));
  });
});
