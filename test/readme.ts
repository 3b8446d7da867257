import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The files in a page: the file name after the language of a code block → its content. */
export function filesOf(page: string): Readonly<Record<string, string>> {
  const text = readFileSync(resolve(import.meta.dirname, "..", page), "utf8");
  return Object.fromEntries(
    [...text.matchAll(/^```[a-z]+ (\S+)\n([^]*?)^```$/gm)].map(([, name = "", content = ""]) => [name, content]),
  );
}

/** The content of one file in a page. */
export function fileOf(page: string, name: string): string {
  const content = filesOf(page)[name];
  if (content === undefined) throw new Error(`${page} shows no ${name}`);
  return content;
}
