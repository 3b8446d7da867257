import MagicString, { SourceMap, type SourceMapSegment } from "magic-string";
import type { Span } from "./insertions.ts";

/** Offsets in the output and in the source. */
export interface Place {
  readonly at: number;
  readonly from: number;
}

/**
 * Maps where words begin and every character between them, as `hires: "boundary"` does, and where a piece of the source ends: a word that is followed by
 * something inserted, or by the end of its line, would else end where it begins. The text that replaces the spans of `replaced` is not mapped. What is inserted
 * is mapped only at `places`.
 */
export function exactMap(
  code: MagicString,
  file: string,
  replaced: readonly Span[],
  places: readonly Place[],
): SourceMap {
  const decoded = code.generateDecodedMap({ source: file, includeContent: true, hires: true });
  const lines = code.original.split("\n");
  const starts = offsets(lines);
  const isReplaced = ([, , line, column]: MappedSegment): boolean => {
    const at = (starts[line] ?? 0) + column;
    return replaced.some(({ start, end }) => at >= start && at < end);
  };
  const mappings = decoded.mappings.map((segments) => {
    const characters = segments.filter(isMapped).filter((each) => !isReplaced(each));
    return characters.flatMap((each, i) => placesOf(each, characters[i - 1], characters[i + 1], lines));
  });
  addPlaces(mappings, code.toString(), starts, places);
  return new SourceMap({ ...decoded, mappings });
}

function addPlaces(
  mappings: SourceMapSegment[][],
  output: string,
  starts: readonly number[],
  places: readonly Place[],
): void {
  const outputStarts = offsets(output.split("\n"));
  const changed = new Set<SourceMapSegment[]>();
  for (const { at, from } of places) {
    const [line, column] = positionIn(outputStarts, at);
    const segments = mappings[line] ?? [];
    segments.push([column, 0, ...positionIn(starts, from)]);
    changed.add(segments);
  }
  for (const segments of changed) segments.sort(([a], [b]) => a - b);
}

/** 0-based line and column of an offset. */
function positionIn(starts: readonly number[], offset: number): [line: number, column: number] {
  const line = starts.findLastIndex((start) => start <= offset);
  return [line, offset - (starts[line] ?? 0)];
}

type MappedSegment = Extract<SourceMapSegment, { readonly length: 4 }>;

const isMapped = (segment: SourceMapSegment): segment is MappedSegment => segment.length === 4;

function offsets(lines: readonly string[]): number[] {
  let at = 0;
  return lines.map((line) => {
    const start = at;
    at += line.length + 1;
    return start;
  });
}

/** The mappings that a character needs: of its place, unless it continues a word, and of its end where a piece of the source ends with it. */
function placesOf(
  at: MappedSegment,
  before: MappedSegment | undefined,
  next: MappedSegment | undefined,
  lines: readonly string[],
): SourceMapSegment[] {
  const goesOn = before !== undefined && follows(at, before);
  const isInWord = goesOn && isWordAt(at, lines) && isWordAt(before, lines);
  const place: SourceMapSegment[] = isInWord || (!goesOn && endsThere(before, at, lines)) ? [] : [at];
  const [generated, source, line, column] = at;
  const isEnd = next === undefined || next[0] !== generated + 1 || (!follows(next, at) && endsThere(at, next, lines));
  return isEnd ? [...place, [generated + 1, source, line, column + 1]] : place;
}

const follows = (at: MappedSegment, before: MappedSegment): boolean =>
  before[0] === at[0] - 1 && before[2] === at[2] && before[3] === at[3] - 1;

/** Two pieces meet where what was between them is gone. That place is the end of the first one, unless a word or string begins there. */
const endsThere = (before: MappedSegment | undefined, at: MappedSegment, lines: readonly string[]): boolean =>
  before?.[0] === at[0] - 1 && !isWordAt(at, lines) && !/["'`]/.test(lines[at[2]]?.[at[3]] ?? "");

/** A `$` in front of a brace begins an expression in a template. */
const isWordAt = ([, , line, column]: MappedSegment, lines: readonly string[]): boolean =>
  /^(?:\w|\$(?!\{)|[^\u0000-\u007f])/.test(lines[line]?.slice(column, column + 2) ?? "");
