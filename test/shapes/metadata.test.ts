import ts from "typescript";
import { expect, test } from "vitest";
import { compileFile } from "../../packages/compiler/test/execute.ts";
import { fixtures } from "../../packages/compiler/test/fixtures.ts";

/** The metadata that TypeScript emits for decorated members: types of members, parameters and results, in order. */
function metadataOf(code: string): string[] {
  const compilerOptions = {
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
  };
  const { outputText } = ts.transpileModule(code, { compilerOptions });
  // TypeScript guards names that may be undefined at run time
  const named = outputText.replaceAll(
    /typeof \((_\w) = typeof (\w+) !== "undefined" && \2\) === "function" \? \1 : Object/g,
    "$2",
  );
  return named.match(/__metadata\("design:\w+", .*\)/g) ?? [];
}

test.each(
  fixtures
    .filter(({ files }) => "tsconfig.json" in files)
    .map(({ name, files, input }) => [name, files, input] as const),
)("TypeScript emits the same decorator metadata for the compiled fixture %s as for its source", (_, files, input) => {
  const metadata = metadataOf(files[input] ?? "");
  expect(metadata.length).toBeGreaterThan(3);
  expect(metadataOf(compileFile(files, input)?.code ?? "")).toEqual(metadata);
});
