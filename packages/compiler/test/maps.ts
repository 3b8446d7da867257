import { SourceMap } from "node:module";
import { parseSync, Visitor } from "oxc-parser";
import type { CompileResult } from "../src/compile/compile.ts";

export type Lang = "ts" | "tsx" | "jsx";

/** A name, a literal, or the text of a template or JSX element. */
interface Token {
  readonly text: string;
  readonly start: number;
}

/** Every token of a program, in source order. */
function tokens(source: string, lang: Lang): Token[] {
  const found = new Map<number, string>();
  const add = ({ start, end }: { readonly start: number; readonly end: number }): void =>
    void found.set(start, source.slice(start, end));
  const visitor = new Visitor({
    // with a type annotation, the node is longer than the name
    Identifier: ({ start, name }) => add({ start, end: start + name.length }),
    TemplateElement: ({ start, end, tail }) => add({ start: start + 1, end: end - (tail ? 1 : 2) }),
    PrivateIdentifier: add,
    JSXIdentifier: add,
    JSXText: add,
    Literal: add,
  });
  visitor.visit(parseSync("x", source, { lang, astType: "ts" }).program);
  return [...found]
    .filter(([, text]) => text !== "")
    .map(([start, text]) => ({ start, text }))
    .sort((a, b) => a.start - b.start);
}

const lineStarts = (source: string): number[] => [0, ...[...source.matchAll(/\n/g)].map((match) => match.index + 1)];

/** A token of the output with its start and end offset in the input. Inserted tokens are left out; `to` is undefined if the end is not mapped. */
export interface MappedToken extends Token {
  readonly from: number;
  readonly to: number | undefined;
}

export function mappedTokens(input: string, result: CompileResult, lang: Lang): MappedToken[] {
  const original = originalOffsets(input, result);
  return tokens(result.code, lang).flatMap(({ text, start }) => {
    const from = original(start);
    // an inserted token maps to the position it is inserted at, where the input has other text
    return from === undefined || !input.startsWith(text, from)
      ? []
      : [{ text, start, from, to: original(start + text.length) }];
  });
}

/** Maps an offset in the output to the input if it has a mapping of its own. */
function originalOffsets(input: string, { code, map }: CompileResult): (offset: number) => number | undefined {
  const decoded = new SourceMap({ ...map, version: 3, file: "", sourceRoot: "", sourcesContent: [] });
  const [inputLines, outputLines] = [lineStarts(input), lineStarts(code)];
  return (offset) => {
    const line = outputLines.findLastIndex((each) => each <= offset);
    const column = offset - (outputLines[line] ?? 0);
    const entry = decoded.findEntry(line, column);
    if (!("originalLine" in entry) || entry.generatedLine !== line || entry.generatedColumn !== column)
      return undefined;
    return (inputLines[entry.originalLine] ?? 0) + entry.originalColumn;
  };
}

const isDirective = ({ text }: Token): boolean => /^["']use (?:task|workflow)\b/.test(text);

/** The errors of a source map: tokens of the input whose start or end is not mapped. */
export function mappingFaults(input: string, result: CompileResult, lang: Lang): string[] {
  const mapped = new Map(mappedTokens(input, result, lang).map((token) => [token.from, token]));
  return tokens(input, lang)
    .filter((token) => !isDirective(token))
    .flatMap(({ text, start }) => {
      const found = mapped.get(start);
      if (found?.text !== text) return [`${text} at ${start} is not mapped`];
      return found.to === start + text.length ? [] : [`the end of ${text} at ${start} is mapped to ${found.to}`];
    });
}
