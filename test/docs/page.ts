import { readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export const readPage = (path: string): string => readFileSync(join(root, path), "utf8");

/** A fenced block of a page: its language, the rest of the info string, and its text. */
export interface Block {
  readonly lang: string;
  readonly info: string;
  readonly text: string;
}

export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w+) ?(.*)\n([^]*?)^```$/gm)].map(([, lang = "", info = "", text = ""]) => ({
    lang,
    info,
    text,
  }));

/** The files in a block. Each starts with a comment that contains its path, such as `// src/price.ts`. */
export function filesOf({ text }: Block): Record<string, string> {
  const files: Record<string, string> = {};
  for (const file of text.split(/^(?=\/\/ \S+\.(?:[cm]?[jt]sx?|json)$)/m)) {
    const name = /^\/\/ (\S+)\n/.exec(file)?.[1];
    if (name === undefined || name in files)
      throw new Error(
        `each file of a block must start with a comment that names it, such as // src/price.ts:\n${file}`,
      );
    files[name] = file;
  }
  return files;
}

/** The rows of the page's tables, without header rows. */
export const rowsOf = (page: string): string[][] =>
  [...page.matchAll(/^\|([^\n]*)\|$/gm)]
    .map(([, row = ""]) => row.split("|").map((cell) => cell.trim()))
    .filter(([first = ""]) => first !== "code" && !/^-+$/.test(first));
