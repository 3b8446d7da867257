import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assertParses, compileFile } from "./execute.ts";
import { mappedIdentifiers } from "./maps.ts";

const folder = join(import.meta.dirname, "fixtures");
const update = process.env["UPDATE"] === "1";

/** `input.*` and the files it imports → `expected.*`, `manifest.json`, and where each surviving name maps to. */
describe("fixtures", () => {
  for (const name of readdirSync(folder)) {
    it(name, () => {
      const directory = join(folder, name);
      const files = Object.fromEntries(readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), "utf8")]));
      const input = Object.keys(files).find((file) => file.startsWith("input.")) ?? "";
      const source = files[input] ?? "";
      const result = compileFile(files, input);
      if (!result) throw new Error(`${input} was left alone`);
      assertParses(result.code, input);
      expect(result.code.split("\n").length).toBe(source.split("\n").length);
      check(join(directory, input.replace("input", "expected")), result.code);
      check(join(directory, "manifest.json"), `${JSON.stringify(result.info, null, 2)}\n`);
      check(join(directory, "map.txt"), mapText(source, result, input));
    });
  }
});

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
