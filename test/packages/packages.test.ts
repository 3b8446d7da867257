import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { readFileSync } from "node:fs";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, describe, expect, test } from "vitest";
import { pack, published, remove, temporary } from "./staged.ts";

const directory = temporary();
afterAll(() => remove(directory));

describe.each(published)("the published package %s", (name) => {
  const { file, staged } = pack(name, directory);

  test("publint finds no problems in the published package", async () => {
    const { messages, pkg } = await publint({ pkgDir: staged, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
  });

  test("the types of every entry point resolve and match the code", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(file)));
    if (!analysis.types) throw new Error("no types");
    // the packages are ESM, which every supported Node can `require`; TypeScript before 4.7 did not support "exports"
    const problems = analysis.problems.filter(
      (problem) =>
        problem.kind !== "CJSResolvesToESM" && !("resolutionKind" in problem && problem.resolutionKind === "node10"),
    );
    expect(problems).toEqual([]);
    expect(Object.keys(analysis.entrypoints).length).toBeGreaterThan(1);
  });
});
