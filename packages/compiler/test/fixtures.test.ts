import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CompileError } from "../src/compile/compile-error.ts";
import { assertParses, compileFile } from "./execute.ts";
import { fixtures, type Fixture } from "./fixtures.ts";
import { mappedTokens, mappingFaults, type Lang } from "./maps.ts";

const update = process.env["UPDATE"] === "1";

/**
 * `input.*` and the files it imports → `expected.*`, `manifest.json` and the source mapping of each remaining name; for a refused input,
 * `diagnostics.txt`. The other files of a folder are used by `test/shapes`.
 */
describe("compiler fixtures", () => {
  for (const fixture of fixtures)
    test(`the compiler ${fixture.refused ? "refuses" : "compiles"} ${fixture.name} as recorded`, () =>
      fixture.refused ? checkRefused(fixture) : checkCompiled(fixture));
});

function checkRefused({ directory, files, input }: Fixture): void {
  const failure = ((): unknown => {
    try {
      compileFile(files, input);
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  if (!(failure instanceof CompileError)) throw new Error(`${input} is not refused`, { cause: failure });
  check(join(directory, "diagnostics.txt"), `${failure.message}\n`);
}

function checkCompiled({ name, directory, files, input }: Fixture): void {
  const source = files[input] ?? "";
  const result = compileFile(files, input);
  if (!result) throw new Error(`${input} was left alone`);
  assertParses(result.code, input);
  expect(result.code.split("\n").length).toBe(source.split("\n").length);
  check(join(directory, input.replace("input", "expected")), result.code);
  check(join(directory, "manifest.json"), `${JSON.stringify(result.info, null, 2)}\n`);
  check(join(directory, "map.txt"), mapText(name, source, result, input));
}

/** The fixture whose parameter decorators are copied, so that the originals are not mapped. */
const copied = "decorators-parameter";

function mapText(
  name: string,
  source: string,
  result: NonNullable<ReturnType<typeof compileFile>>,
  input: string,
): string {
  const position = (text: string, offset: number): string => {
    const before = text.slice(0, offset).split("\n");
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  };
  const lang: Lang = input.endsWith("x") ? "tsx" : input.endsWith("ts") ? "ts" : "jsx";
  const faults = mappingFaults(source, result, lang);
  if (name === copied) expect(faults.filter((fault) => !fault.endsWith(" is not mapped"))).toEqual([]);
  else expect(faults).toEqual([]);
  const lines = mappedTokens(source, result, lang).map(
    ({ text, start, from }) =>
      `${position(result.code, start)} ${JSON.stringify(text).slice(1, -1)} ← ${position(source, from)}`,
  );
  return `${lines.join("\n")}\n`;
}

function check(path: string, actual: string): void {
  if (update) writeFileSync(path, actual);
  expect(actual).toBe(readFileSync(path, "utf8"));
}
