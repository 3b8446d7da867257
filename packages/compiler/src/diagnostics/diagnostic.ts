import { fixesOf, type Fix } from "./fixes.ts";
import { diagnosticMessages, type DiagnosticCode, type DiagnosticParams, type Severity } from "./messages.ts";

/** A message about a place in a file. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** Path relative to the project's root. */
  readonly file: string;
  /** UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** The surrounding lines, with the place marked. */
  readonly frame: string;
  /** Edits of the file that solve the problem, for an editor to offer. Empty if there is no obvious one. */
  readonly fixes: readonly Fix[];
}

export interface SourceFile {
  readonly file: string;
  readonly source: string;
  /** The file that the user wrote, if another tool made `source` of it. */
  readonly origin?: Origin | undefined;
}

export interface Origin {
  readonly source: string;
  /** The offset in the file for an offset in what was made of it. */
  offsetOf(offset: number): number;
}

export function createDiagnostic<C extends DiagnosticCode>(
  { file, source: text, origin }: SourceFile,
  code: C,
  params: DiagnosticParams<C>,
  span: { readonly start: number; readonly end: number },
): Diagnostic {
  const source = origin?.source ?? text;
  const start = origin?.offsetOf(span.start) ?? span.start;
  const end = origin ? Math.max(start, origin.offsetOf(span.end - 1) + 1) : span.end;
  const { severity, make } = diagnosticMessages[code];
  const { text: message, hint } = make(params as never);
  const [line, column] = createLocator(source)(start);
  const fixes = fixesOf(code, severity, params, { start, end, source });
  return { code, severity, file, start, end, line, column, message, hint, frame: codeFrame(source, start, end), fixes };
}

/** Finds the 1-based line and column, in the file that the user wrote, of an offset in the source. */
export function locatorOf({ source, origin }: SourceFile): (offset: number) => [line: number, column: number] {
  const locate = createLocator(origin?.source ?? source);
  return origin ? (offset) => locate(origin.offsetOf(offset)) : locate;
}

const lineBreak = /\r\n|[\n\r\u2028\u2029]/g;

/** Finds the 1-based line and column of an offset. A byte-order mark takes up no column. */
export function createLocator(source: string): (offset: number) => [line: number, column: number] {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(source);
    const line = upperBound(starts, offset);
    return [Math.max(1, line), Math.max(0, offset - (starts[line - 1] ?? 0)) + 1];
  };
}

function lineStarts(source: string): number[] {
  const starts = [source.charCodeAt(0) === 0xfeff ? 1 : 0];
  if (/[\r\u2028\u2029]/.test(source))
    for (const match of source.matchAll(lineBreak)) starts.push(match.index + match[0].length);
  else for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The number of ascending `values` that are not greater than `limit`. */
function upperBound(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Up to two lines before the place, its first line with a marker below, and the next line. */
export function codeFrame(source: string, start: number, end: number): string {
  const [line, column] = createLocator(source)(start);
  const lines = source.replace(/^\uFEFF/, "").split(lineBreak);
  if (lines.at(-1) === "" && lines.length > line) lines.pop(); // a trailing line break does not start another line
  const first = Math.max(1, line - 2);
  const width = String(Math.min(lines.length, line + 1)).length;
  const rows = lines.slice(first - 1, line + 1).flatMap((text, i) => {
    const number = first + i;
    const row = `${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`.trimEnd();
    if (number !== line) return [row];
    const gap = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    const marks = "^".repeat(Math.max(1, Math.min(end - start, text.length - column + 1)));
    return [row, `  ${" ".repeat(width)} | ${gap}${marks}`];
  });
  return rows.join("\n");
}

/** Location, message, frame, hint and code. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, frame, hint, code } = diagnostic;
  return `${file}:${line}:${column} ${severity}: ${message}\n${frame}\n  → ${hint} (${code})`;
}
