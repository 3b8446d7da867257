import { join } from "node:path";
import { compile } from "unplugin-perdure";
import { generatedDirectory, writeFiles } from "./directories.ts";

/**
 * Compiles sources, given as file name → text, and imports the first of them. Each call evaluates the modules again, as a new process would;
 * to the compiler the files have the given names.
 */
export async function loadSources(
  sources: Readonly<Record<string, string>>,
  after: (code: string, file: string) => Promise<string> | string = (code) => code,
): Promise<Record<string, (...args: never[]) => Promise<unknown>>> {
  const input = generatedDirectory("in", sources);
  const output = generatedDirectory("out");
  for (const [file, text] of Object.entries(sources)) {
    const compiled = compile(text, { id: join(input, file), root: input });
    writeFiles(output, { [file]: await after(compiled?.code ?? text, file) });
  }
  const [entry = ""] = Object.keys(sources);
  return (await import(/* @vite-ignore */ join(output, entry))) as Record<
    string,
    (...args: never[]) => Promise<unknown>
  >;
}
