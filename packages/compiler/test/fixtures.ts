import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Files } from "./execute.ts";

/** One shape of code: `input.*`, the files it imports, and the expected output or diagnostics of the compiler. */
export interface Fixture {
  readonly name: string;
  readonly directory: string;
  readonly files: Files;
  /** The name of the input file. */
  readonly input: string;
  /** Whether the compiler refuses it with the errors in `diagnostics.txt`. */
  readonly refused: boolean;
}

const folder = join(import.meta.dirname, "fixtures");

export const fixtures: readonly Fixture[] = readdirSync(folder).map((name) => {
  const directory = join(folder, name);
  const names = readdirSync(directory);
  const files = Object.fromEntries(names.map((file) => [file, readFileSync(join(directory, file), "utf8")]));
  return {
    name,
    directory,
    files,
    input: names.find((file) => file.startsWith("input.")) ?? "",
    refused: "diagnostics.txt" in files,
  };
});
