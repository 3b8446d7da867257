import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The files that a page shows: the name behind the language of a code block → the block. */
export function filesOf(page: string): Readonly<Record<string, string>> {
  const text = readFileSync(resolve(import.meta.dirname, "..", page), "utf8");
  return Object.fromEntries(
    [...text.matchAll(/^```[a-z]+ (\S+)\n([^]*?)^```$/gm)].map(([, name = "", content = ""]) => [name, content]),
  );
}

/** One of them. */
export function fileOf(page: string, name: string): string {
  const content = filesOf(page)[name];
  if (content === undefined) throw new Error(`${page} shows no ${name}`);
  return content;
}
