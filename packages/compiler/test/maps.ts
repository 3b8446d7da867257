import { SourceMap } from "node:module";
import { parseSync, type Node } from "oxc-parser";
import { children } from "../src/ast.ts";
import type { CompileResult } from "../src/compile.ts";

interface Name {
  readonly name: string;
  readonly start: number;
}

/** Every identifier of a program, types left out, in source order. */
export function identifiers(source: string, lang: "ts" | "tsx" | "jsx"): Name[] {
  const found = new Map<number, string>();
  const visit = (node: Node): void => {
    if (node.type === "Identifier") found.set(node.start, node.name);
    if (node.type === "PrivateIdentifier") found.set(node.start, `#${node.name}`);
    for (const child of children(node)) visit(child);
  };
  visit(parseSync("x", source, { lang, astType: "ts" }).program);
  return [...found].map(([start, name]) => ({ start, name })).sort((a, b) => a.start - b.start);
}

const lineStarts = (source: string): number[] => [0, ...[...source.matchAll(/\n/g)].map((match) => match.index + 1)];

/** Where each identifier of the output comes from: offset in the output, offset in the input. Inserted ones are left out. */
export function mappedIdentifiers(input: string, { code, map }: CompileResult, lang: "ts" | "tsx" | "jsx"): (Name & { readonly from: number })[] {
  const decoded = new SourceMap({ ...map, version: 3, file: "", sourceRoot: "", sourcesContent: [] });
  const [inputLines, outputLines] = [lineStarts(input), lineStarts(code)];
  return identifiers(code, lang).flatMap(({ name, start }) => {
    const line = outputLines.findLastIndex((each) => each <= start);
    const column = start - (outputLines[line] ?? 0);
    const entry = decoded.findEntry(line, column);
    if (!("originalLine" in entry) || entry.generatedLine !== line || entry.generatedColumn !== column) return [];
    return [{ name, start, from: (inputLines[entry.originalLine] ?? 0) + entry.originalColumn }];
  });
}
