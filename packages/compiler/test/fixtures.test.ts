import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CompileError } from "../src/compile.ts";
import { assertParses, compileFile } from "./execute.ts";
import { fixtures, type Fixture } from "./fixtures.ts";
import { mappedIdentifiers } from "./maps.ts";

const update = process.env["UPDATE"] === "1";

/**
 * `input.*` and the files it imports → `expected.*`, `manifest.json`, and where each surviving name maps to; or, when it is refused,
 * `diagnostics.txt`. What the rest of a folder is for says `test/shapes`.
 */
describe("fixtures", () => {
  for (const fixture of fixtures) it(fixture.name, () => (fixture.refused ? checkRefused(fixture) : checkCompiled(fixture)));
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

function checkCompiled({ directory, files, input }: Fixture): void {
  const source = files[input] ?? "";
  const result = compileFile(files, input);
  if (!result) throw new Error(`${input} was left alone`);
  assertParses(result.code, input);
  expect(result.code.split("\n").length).toBe(source.split("\n").length);
  check(join(directory, input.replace("input", "expected")), result.code);
  check(join(directory, "manifest.json"), `${JSON.stringify(result.info, null, 2)}\n`);
  check(join(directory, "map.txt"), mapText(source, result, input));
}

function mapText(source: string, result: NonNullable<ReturnType<typeof compileFile>>, input: string): string {
  const position = (text: string, offset: number): string => {
    const before = text.slice(0, offset).split("\n");
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  };
  const lang = input.endsWith("x") ? "tsx" : input.endsWith("ts") ? "ts" : "jsx";
  const lines = mappedIdentifiers(source, result, lang).map(({ name, start, from }) => {
    expect(source.slice(from, from + name.length)).toBe(name);
    return `${position(result.code, start)} ${name} ← ${position(source, from)}`;
  });
  return `${lines.join("\n")}\n`;
}

function check(path: string, actual: string): void {
  if (update) writeFileSync(path, actual);
  expect(actual).toBe(readFileSync(path, "utf8"));
}
