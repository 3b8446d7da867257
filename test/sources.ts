import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { compile } from "unplugin-perdure";

const generated = resolve(import.meta.dirname, ".generated");

/**
 * Compiles sources, given as file name → text, and loads the first of them. Each call gives fresh modules, as a new process would have;
 * the names of the files inside of the project are those given.
 */
export async function loadSources(
  sources: Readonly<Record<string, string>>,
  after: (code: string, file: string) => Promise<string> | string = (code) => code,
): Promise<Record<string, (...args: never[]) => Promise<unknown>>> {
  mkdirSync(generated, { recursive: true });
  const input = mkdtempSync(join(generated, "in-"));
  const output = mkdtempSync(join(generated, "out-"));
  onTestFinished(() => [input, output].forEach((directory) => rmSync(directory, { recursive: true, force: true })));
  for (const [file, text] of Object.entries(sources)) write(join(input, file), text);
  for (const [file, text] of Object.entries(sources)) {
    const compiled = compile(text, { id: join(input, file), root: input });
    write(join(output, file), await after(compiled?.code ?? text, file));
  }
  const [entry = ""] = Object.keys(sources);
  return (await import(/* @vite-ignore */ join(output, entry))) as Record<
    string,
    (...args: never[]) => Promise<unknown>
  >;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
