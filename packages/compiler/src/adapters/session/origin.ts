import { originalPositionFor, TraceMap, type SourceMapInput } from "@jridgewell/trace-mapping";
import { basename, dirname, resolve } from "node:path";
import { createLocator, type Origin } from "../../diagnostics/diagnostic.ts";
import { scriptOf } from "../../phases/1-parse/component.ts";

/**
 * The file at `path` as the origin of `code`, which other tools made of its `text`. Where the map is missing or wrong (some tools make one
 * only if the build writes source maps), the place is found by its text.
 *
 * @param map - leads from `code` to the file
 */
export function originOf(path: string, text: string, code: string, map: () => SourceMapInput | undefined): Origin {
  // most modules have no place to look for, and bundlers warn of a missing map when they are asked for it
  let mapped: Find | undefined;
  let found: Find | undefined;
  const offsetOf = (offset: number): number => {
    const first = (mapped ??= byMap(path, text, code, map()))(offset);
    if (first !== undefined && isSameAt(code, offset, text, first)) return first;
    return (found ??= byText(scriptOf(path, text).source, code))(offset) ?? first ?? 0;
  };
  return { source: text, offsetOf };
}

type Find = (offset: number) => number | undefined;

function byMap(path: string, text: string, code: string, map: SourceMapInput | undefined): Find {
  if (map === undefined) return () => undefined;
  const trace = new TraceMap(map);
  const sources = trace.sources.filter((source) => source !== null && isPathOf(source, path));
  const locate = createLocator(code);
  const { starts } = linesOf(text);
  return (offset) => {
    const [line, column] = locate(offset);
    const at = originalPositionFor(trace, { line, column: column - 1 });
    if (at.line === null || !sources.includes(at.source)) return undefined;
    return Math.min(text.length, (starts[at.line - 1] ?? 0) + at.column);
  };
}

const isPathOf = (source: string, path: string): boolean =>
  resolve(dirname(path), source.replace(/^file:\/\//, "")) === path || basename(source) === basename(path);

/** Whether the same word is at both places, or the same character. A printer may change quotes. */
const isSameAt = (code: string, at: number, text: string, other: number): boolean =>
  wordAt(code, at) === wordAt(text, other);

function wordAt(text: string, at: number): string {
  const word = /[\w$]*/y;
  word.lastIndex = at;
  const [found = ""] = word.exec(text) ?? [];
  return found === "" ? (text[at] ?? "").replace(/['`]/, '"') : found;
}

/** Finds the line with the same text, the n-th for the n-th. A line that was changed is searched for the same word, after the line before it. */
function byText(text: string, code: string): Find {
  const [from, to] = [linesOf(code), linesOf(text)];
  const numbered = occurrences(to.lines);
  const same = pair(from.lines, numbered);
  const locate = createLocator(code);
  return (offset) => {
    const line = locate(offset)[0] - 1;
    const [content = "", start = 0] = [from.lines[line], from.starts[line]];
    const match = same[line];
    if (match !== undefined) {
      const shift = indentOf(to.lines[match] ?? "") - indentOf(content);
      return (to.starts[match] ?? 0) + Math.max(0, offset - start + shift);
    }
    const word = wordAt(code, offset);
    if (!/\w/.test(word)) return undefined;
    // the same word as often after the last line that is the same
    const before = same.slice(0, line).findLastIndex((each) => each !== undefined);
    const count = placesOf(word, code, from.starts[before] ?? 0).filter((at) => at < offset).length;
    return placesOf(word, text, to.starts[same[before] ?? 0] ?? 0)[count];
  };
}

function placesOf(word: string, text: string, start: number): number[] {
  const pattern = new RegExp(`(?<![\\w$])${word.replaceAll("$", "\\$")}(?![\\w$])`, "g");
  pattern.lastIndex = start;
  return [...text.matchAll(pattern)].map(({ index }) => index);
}

/** For each line of the code, the line of the file with the same text. */
function pair(lines: readonly string[], numbered: ReadonlyMap<string, readonly number[]>): (number | undefined)[] {
  const used = new Map<string, number>();
  return lines.map((line) => {
    const key = line.trim();
    const all = numbered.get(key);
    const count = used.get(key) ?? 0;
    used.set(key, count + 1);
    return all?.[Math.min(count, all.length - 1)];
  });
}

function occurrences(lines: readonly string[]): ReadonlyMap<string, number[]> {
  const found = new Map<string, number[]>();
  lines.forEach((line, i) => {
    const key = line.trim();
    if (/\w/.test(key)) found.set(key, [...(found.get(key) ?? []), i]);
  });
  return found;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

function linesOf(text: string): { readonly lines: readonly string[]; readonly starts: readonly number[] } {
  const breaks = [...text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)];
  const starts = [0, ...breaks.map((each) => each.index + each[0].length)];
  return { starts, lines: starts.map((start, i) => text.slice(start, breaks[i]?.index)) };
}
