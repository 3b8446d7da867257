import { originalPositionFor, TraceMap, type SourceMapInput } from "@jridgewell/trace-mapping";
import { basename, dirname, resolve } from "node:path";
import { createLocator, type Origin } from "../../diagnostics/diagnostic.ts";

/**
 * The file at `path` as the origin of `code`, which other tools made of its `text`.
 *
 * @param map - leads from `code` to the file
 */
export function originOf(path: string, text: string, code: string, map: SourceMapInput): Origin | undefined {
  const trace = new TraceMap(map);
  const named = trace.sources.filter((source) => source !== null && isPathOf(source, path));
  const [source] = named.length > 0 ? named : trace.sources.length === 1 ? trace.sources : [];
  if (source === undefined) return undefined;
  const locate = createLocator(code);
  const starts = [0, ...[...text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)].map((each) => each.index + each[0].length)];
  const offsetOf = (offset: number): number => {
    const [line, column] = locate(offset);
    const at = originalPositionFor(trace, { line, column: column - 1 });
    if (at.line === null || at.source !== source) return 0;
    return Math.min(text.length, (starts[at.line - 1] ?? 0) + at.column);
  };
  return { source: text, offsetOf };
}

const isPathOf = (source: string, path: string): boolean =>
  resolve(dirname(path), source.replace(/^file:\/\//, "")) === path || basename(source) === basename(path);
