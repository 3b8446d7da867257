import { closest } from "@perdure/protocol";
import { createDiagnostic, createLocator, type Diagnostic, type SourceFile } from "./diagnostic.ts";
import { diagnosticMessages } from "./messages.ts";

/** What is known of a file whose comments may turn warnings off. */
export interface Commented extends SourceFile {
  readonly comments: readonly { readonly value: string; readonly start: number; readonly end: number }[];
  /** Offset of the next character at or after `from` that is neither white space nor in a comment. */
  readonly skip: (from: number) => number;
}

/** `// perdure-ignore WORKFLOW_IO, WORKFLOW_TIMER: reason` */
interface Ignore {
  readonly code: string;
  /** The line whose warnings it turns off. `undefined`: those of the whole file. */
  readonly line: number | undefined;
  readonly start: number;
  readonly end: number;
}

const marker = /^[\s*]*(perdure-(?:ignore|disable)[\w-]*)(.*)/s;
const hashbang = /^\uFEFF?#!.*/;
const codeList = /^\s*(\w+(?:\s*,\s*\w+)*)/;

/** Whether the text may contain a comment of this kind. */
export const mayIgnore = (source: string): boolean => /perdure-(?:ignore|disable)/.test(source);

/**
 * The diagnostics without the warnings that comments turn off, and with messages about comments that turn nothing off. Errors stay.
 *
 * @param isLooked - whether the diagnostics of this code were looked for
 */
export function withoutIgnored(
  diagnostics: readonly Diagnostic[],
  file: Commented,
  isLooked: (code: string) => boolean,
): Diagnostic[] {
  const { ignores, problems } = ignoresIn(file);
  if (ignores.length === 0 && problems.length === 0) return [...diagnostics];
  const used = new Set<Ignore>();
  const left = diagnostics.filter((each) => {
    if (each.severity === "error") return true;
    const matching = ignores.filter(({ code, line }) => code === each.code && (line ?? each.line) === each.line);
    for (const ignore of matching) used.add(ignore);
    return matching.length === 0;
  });
  // an error may have ended the search for warnings
  const complete = left.every(({ severity }) => severity !== "error");
  const unused = ignores.filter((ignore) => complete && !used.has(ignore) && isLooked(ignore.code));
  return [
    ...left,
    ...problems,
    ...unused.map((ignore) =>
      createDiagnostic(file, "IGNORE_UNUSED", { code: ignore.code, wide: ignore.line === undefined }, ignore),
    ),
  ].sort((a, b) => a.start - b.start);
}

function ignoresIn(file: Commented): { readonly ignores: readonly Ignore[]; readonly problems: readonly Diagnostic[] } {
  const ignores: Ignore[] = [];
  const problems: Diagnostic[] = [];
  if (!mayIgnore(file.source)) return { ignores, problems };
  const lineOf = createLocator(file.source);
  for (const comment of file.comments) {
    const [, word, rest = ""] = marker.exec(comment.value) ?? [];
    if (word === undefined) continue;
    const codes = codeList.exec(rest)?.[1]?.split(/\s*,\s*/) ?? [];
    const problem = problemOf(word, codes, file, comment);
    if (problem !== undefined)
      problems.push(createDiagnostic(file, "IGNORE_INVALID", { problem, ...hintOf(codes) }, comment));
    else {
      const [line] = lineOf(targetOf(file, comment));
      const { start, end } = comment;
      for (const code of codes) ignores.push({ code, line: word.endsWith("-file") ? undefined : line, start, end });
    }
  }
  return { ignores, problems };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place on the line that a comment is about: its own, if there is code before it, else the next one with code. */
function targetOf({ source, skip, comments }: Commented, { start, end }: Span): number {
  const lineStart =
    Math.max(...["\n", "\r", "\u2028", "\u2029"].map((each) => source.lastIndexOf(each, start - 1))) + 1;
  const before = comments.findLast((each) => each.start < lineStart && each.end > lineStart);
  return skip(before?.end ?? lineStart) < start ? start : Math.min(skip(end), source.length);
}

function problemOf(word: string, codes: readonly string[], file: Commented, { start }: Span): string | undefined {
  if (word !== "perdure-ignore" && word !== "perdure-ignore-file")
    return `"${word}" is not a comment that Perdure reads`;
  if (codes.length === 0) return `"${word}" names no code`;
  for (const code of codes) {
    const known = Object.entries(diagnosticMessages).find(([each]) => each === code);
    if (!known) return `there is no warning ${code}`;
    if (known[1].severity === "error") return `${code} is an error, which cannot be ignored`;
  }
  if (word.endsWith("-file") && file.skip(hashbang.exec(file.source)?.[0].length ?? 0) < start)
    return `"${word}" has to come before all code`;
  return undefined;
}

function hintOf(codes: readonly string[]): { readonly suggestion: string | undefined } {
  const warnings = Object.entries(diagnosticMessages).flatMap(([code, { severity }]) =>
    severity === "warning" ? [code] : [],
  );
  const unknown = codes.find((code) => !Object.hasOwn(diagnosticMessages, code));
  return { suggestion: unknown === undefined ? undefined : closest(unknown, warnings) };
}
