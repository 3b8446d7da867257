import MagicString, { SourceMap, type SourceMapSegment } from "magic-string";
import type { Span } from "./insertions.ts";

/** Offsets in the output and in the source. */
export interface Place {
  readonly at: number;
  readonly from: number;
}

/** What was done to the source. */
interface Changes {
  /** Spans with other text in their place, which is not mapped. */
  readonly replaced: readonly Span[];
  /** The offsets at which something was inserted, removed or moved. */
  readonly cuts: readonly number[];
  /** Where inserted text is mapped. */
  readonly places: readonly Place[];
}

/** A piece of a line of the source that is in a line of the output as it was. */
interface Piece {
  /** Its column in the output. */
  readonly generated: number;
  readonly line: number;
  readonly column: number;
  readonly start: number;
  end: number;
}

/**
 * Maps where words begin and every character between them, as `hires: "boundary"` does, and where a piece of the source ends: a word that is followed by
 * something inserted, or by the end of its line, would else end where it begins. What is inserted is mapped only at `places`.
 */
export function exactMap(code: MagicString, file: string, { replaced, cuts, places }: Changes): SourceMap {
  const decoded = code.generateDecodedMap({ source: file, includeContent: true });
  const { original } = code;
  const starts = lineStarts(original);
  const ends = [...cuts, original.length].sort((a, b) => a - b);
  const mappings = decoded.mappings.map((segments) =>
    mapped(piecesOf(segments, original, starts, ends, replaced), original),
  );
  if (places.length > 0) addPlaces(mappings, code.toString(), starts, places);
  return new SourceMap({ ...decoded, mappings });
}

/** The pieces of one line of the output. They begin where the map of low resolution has a segment, and end with their line, or where the source was cut. */
function piecesOf(
  segments: readonly SourceMapSegment[],
  source: string,
  starts: readonly number[],
  ends: readonly number[],
  replaced: readonly Span[],
): Piece[] {
  const pieces: Piece[] = [];
  for (const segment of segments) {
    if (segment.length !== 4) continue;
    const [generated, , line, column] = segment;
    const start = (starts[line] ?? 0) + column;
    if (replaced.some((each) => start >= each.start && start < each.end)) continue;
    const lineEnd = (starts[line + 1] ?? source.length + 1) - 1;
    const end = Math.min(lineEnd, ends[firstAbove(ends, start)] ?? source.length);
    const last = pieces.at(-1);
    if (last?.end === start && last.line === line && last.generated + last.end - last.start === generated)
      last.end = end;
    else pieces.push({ generated, line, column, start, end });
  }
  return pieces;
}

/** The mappings that the characters need: each of its place, unless it continues a word, and the last of a piece of its end. */
function mapped(pieces: readonly Piece[], source: string): SourceMapSegment[] {
  const found: SourceMapSegment[] = [];
  pieces.forEach((piece, i) => {
    const { generated, line, column, start, end } = piece;
    let isInWord = false;
    for (let at = start; at < end; at++) {
      const isWord = isWordAt(at, source);
      const isPlace = at === start ? !endsThere(pieces[i - 1], piece, source) : !(isWord && isInWord);
      if (isPlace) found.push([generated + at - start, 0, line, column + at - start]);
      isInWord = isWord;
    }
    const next = pieces[i + 1];
    if (!next || generated + end - start !== next.generated || endsThere(piece, next, source))
      found.push([generated + end - start, 0, line, column + end - start]);
  });
  return found;
}

/** Two pieces meet where what was between them is gone. That place is the end of the first one, unless a word or string begins there. */
const endsThere = (before: Piece | undefined, { generated, start }: Piece, source: string): boolean =>
  before !== undefined &&
  before.generated + before.end - before.start === generated &&
  !isWordAt(start, source) &&
  !/["'`]/.test(source[start] ?? "");

/** A `$` in front of a brace begins an expression in a template. */
function isWordAt(at: number, source: string): boolean {
  const code = source.charCodeAt(at);
  if (code > 0x7f || code === 0x5f) return true;
  if (code === 0x24) return source.charCodeAt(at + 1) !== 0x7b;
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}

function addPlaces(
  mappings: SourceMapSegment[][],
  output: string,
  starts: readonly number[],
  places: readonly Place[],
): void {
  const outputStarts = lineStarts(output);
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
  const line = Math.max(0, firstAbove(starts, offset) - 1);
  return [line, offset - (starts[line] ?? 0)];
}

/** The index of the first of the sorted numbers that is greater. */
function firstAbove(sorted: readonly number[], value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) > value) to = middle;
    else from = middle + 1;
  }
  return from;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
