import ts from "typescript";
import { expect, test } from "vitest";
import { compileFile } from "../../packages/compiler/test/execute.ts";
import { fixtures } from "../../packages/compiler/test/fixtures.ts";

/** What TypeScript says of decorated members with `emitDecoratorMetadata`: types of members, parameters and results, in order. */
function metadataOf(code: string): string[] {
  const compilerOptions = {
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
  };
  const { outputText } = ts.transpileModule(code, { compilerOptions });
  // a name that may not be there is looked for first; it is
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
)("%s: emitted metadata is that of the source", (_, files, input) => {
  const metadata = metadataOf(files[input] ?? "");
  expect(metadata.length).toBeGreaterThan(3);
  expect(metadataOf(compileFile(files, input)?.code ?? "")).toEqual(metadata);
});
