import { existsSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { App } from "./unbundled/app.ts";
import { plugins, triedWithPatch, tspc } from "./unbundled/rows.ts";
import { flow, inMemory, isCompiled, plainTsc, projects, sample, tasks, times } from "./unbundled/sample.ts";

const wronglyTyped = { "src/flow.ts": flow.replace("chargeTwice(amount)", "chargeTwice(String(amount))") };
const misspelt = { "src/flow.ts": flow.replace("use workflow", "use worklfow") };

describe.each(triedWithPatch)("ts-patch with %s", (name, typescript) => {
  test("ts-patch uses that version of TypeScript", async () => {
    const app = await sample(typescript);
    expect(await app.run([tspc, "--version"]).exits(0)).toContain(`Version ${name.replace("TypeScript ", "")}`);
  });

  test("a type error is reported at its location in the source with exit code 2, and the output is written", async () => {
    const app = await sample(typescript, { plugins }, wronglyTyped);
    expect(await app.run([tspc]).exits(2)).toContain("src/flow.ts(5,28): error TS2345");
    expect(isCompiled(app, "dist/flow.js")).toBe(true);
  });

  test("--incremental recompiles an unchanged file after a file it imports has changed, and a second run changes no file", async () => {
    const app = await sample(
      typescript,
      { plugins, incremental: true },
      { "src/tasks.ts": tasks.replace(`  "use task";\n`, "") },
    );
    await app.run([tspc]).exits(0);
    expect(isCompiled(app, "dist/helper.js")).toBe(false);
    app.write("src/tasks.ts", tasks);
    await app.run([tspc]).exits(0);
    expect(isCompiled(app, "dist/helper.js")).toBe(true);
    const before = times(app);
    await app.run([tspc]).exits(0);
    expect(times(app)).toEqual(before);
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 3");
  });

  test("--watch recompiles changed files and the files that import them", async () => {
    const app = await sample(typescript, { plugins }, { "src/tasks.ts": tasks.replace(`  "use task";\n`, "") });
    const watching = app.run([tspc, "--watch"]);
    onTestFinished(() => watching.stop());
    const ended = (times: number, errors: number) => (text: string) =>
      text.split(/Found \d+ errors?\. Watching/).length > times && text.includes(`Found ${errors} error`);
    await watching.printed(ended(1, 0));
    expect(isCompiled(app, "dist/helper.js")).toBe(false);
    app.write("src/tasks.ts", tasks);
    await watching.printed(ended(2, 0));
    expect(isCompiled(app, "dist/helper.js")).toBe(true);
    app.write("src/flow.ts", misspelt["src/flow.ts"]);
    await watching.printed(ended(3, 1));
    expect(isCompiled(app, "dist/flow.js")).toBe(true);
    app.write("src/flow.ts", `${flow}export const added = 1;\n`);
    await watching.printed(ended(4, 0));
    expect(app.read("dist/flow.js")).toContain("added = 1");
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 3");
  });
});

describe("ts-patch", () => {
  const typescript = "typescript";

  test.each([{ declaration: true }, { declaration: false }])(
    "with noEmitOnError, nothing is written after a type error (%o)",
    async (options) => {
      const app = await sample(typescript, { plugins, noEmitOnError: true, ...options }, wronglyTyped);
      // an unpatched compiler exits with 1, too
      expect(await app.run([tspc]).exits(1)).toContain("src/flow.ts(5,28): error TS2345");
      expect(existsSync(app.path("dist"))).toBe(false);
    },
  );

  test("a compile error of Perdure is reported beside those of TypeScript, and the previous JavaScript is kept", async () => {
    const app = await sample(typescript, { plugins });
    await app.run([tspc]).exits(0);
    const before = app.read("dist/flow.js");
    app.write("src/flow.ts", misspelt["src/flow.ts"]);
    app.write("src/tasks.ts", tasks.replace("return amount", "return String(amount)"));
    const output = await app.run([tspc, "--pretty"]).exits(1);
    expect(output.replace(/\u001b\[\d+m/g, "")).toContain(
      `src/flow.ts:4:4 - error TS92000: "use worklfow" is not a directive\n→ did you mean "use workflow"? (DIRECTIVE_MISSPELT)\n\n4   "use worklfow";\n     ~~~~~~~~~~~~\n`,
    );
    expect(output).toContain("TS2322");
    expect(app.read("dist/flow.js")).toBe(before);
  });

  test("a warning is printed and does not fail the build", async () => {
    const app = await sample(
      typescript,
      { plugins },
      { "src/flow.ts": flow.replace("return await chargeTwice(amount)", "chargeTwice(amount);\n  return amount") },
    );
    expect(await app.run([tspc]).exits(0)).toContain("(UNAWAITED_CALL)");
    app.write(
      "tsconfig.json",
      app
        .read("tsconfig.json")
        .replace(`"transformProgram":true`, `"transformProgram":true,"warnings":{"UNAWAITED_CALL":"off"}`),
    );
    expect(await app.run([tspc]).exits(0)).toBe("");
  });

  test("declarations are the same as those of tsc", async () => {
    const app = await sample(typescript, { plugins, declarationMap: true });
    const plain = await sample(typescript, { declarationMap: true });
    await Promise.all([app.run([tspc]).exits(0), plain.run([plainTsc]).exits(0)]);
    for (const file of ["flow.d.ts", "flow.d.ts.map", "tasks.d.ts"])
      expect(app.read(`dist/${file}`)).toBe(plain.read(`dist/${file}`));
    expect(Object.keys(times(app)).toSorted()).toEqual(
      [...Object.keys(times(plain)), "dist/perdure.manifest.json"].toSorted(),
    );
  });

  test("--incremental writes files that an error had kept from being written", async () => {
    const app = await sample(typescript, { plugins, incremental: true });
    await app.run([tspc]).exits(0);
    app.write("src/flow.ts", misspelt["src/flow.ts"]);
    app.write("src/tasks.ts", tasks.replace("amount + 1", "amount + 10"));
    await app.run([tspc]).exits(1);
    expect(app.read("dist/tasks.js")).not.toContain("+ 10");
    app.write("src/flow.ts", flow);
    await app.run([tspc]).exits(0);
    expect(await app.run(["dist/main.js"], inMemory).exits(0)).toContain("result 21");
  });

  test("--build compiles referenced projects and skips them when up to date", async () => {
    const app = await App.create(20, projects({ plugins }), { typescript });
    await app.run([tspc, "--build"]).exits(0);
    expect([isCompiled(app, "lib/dist/tasks.js"), isCompiled(app, "app/dist/flow.js")]).toEqual([true, true]);
    expect(app.read("app/dist/flow.js")).toContain("40 /* Limit.Low */");
    expect(await app.run(["app/dist/main.js"], inMemory).exits(0)).toContain("result 42");
    const before = [times(app, "lib"), times(app, "app")];
    await app.run([tspc, "--build"]).exits(0);
    expect([times(app, "lib"), times(app, "app")]).toEqual(before);
  });

  test("other TypeScript plugins receive the compiled sources with their types", async () => {
    const naming = `
      exports.default = (program, _config, { ts }) => (context) => (file) => {
        const checker = program.getTypeChecker();
        const visit = (node) => ts.isStringLiteral(node) && node.text === "TYPE OF FLOW" ? context.factory.createStringLiteral(checker.typeToString(checker.getTypeAtLocation(node.parent.arguments[1]))) : ts.visitEachChild(node, visit, context);
        return ts.visitNode(file, visit);
      };`;
    const printing = `import { flow } from "./flow.js";\nconsole.log("TYPE OF FLOW", flow);\nvoid flow;\nimport { charge } from "./tasks.js";\nexport const again = async (): Promise<number> => charge(1);\n`;
    const app = await sample(
      typescript,
      { plugins: [...plugins, { transform: "./naming.cjs" }] },
      { "naming.cjs": naming, "src/main.ts": printing },
    );
    await app.run([tspc]).exits(0);
    expect(isCompiled(app, "dist/main.js")).toBe(true);
    expect(app.read("dist/main.js")).toMatch(
      /console\.log\("\(.*\) => Promise<.*>", \(\$perdure_m\(\)\.at\(0, flow, null\), flow\)\)/,
    );
  });
});
