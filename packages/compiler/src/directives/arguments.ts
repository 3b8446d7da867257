import type { DirectiveProblem } from "./problem.ts";

/**
 * `name=value`, or a bare `value` with an empty name, which is allowed in the parentheses of a backoff. Offsets refer to the text of the
 * directive.
 */
export interface Argument {
  readonly name: string;
  readonly value: string;
  readonly quoted: boolean;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
}

/** Offsets in the text of a directive. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/**
 *     arguments = argument *( "," argument )
 *     argument  = name "=" value
 *     value     = quoted | text without a comma outside of parentheses
 */
export function parseArguments(
  text: string,
  from: number,
  to = text.length,
): { args: Argument[]; problems: DirectiveProblem[] } {
  const args: Argument[] = [];
  const problems: DirectiveProblem[] = [];
  for (const raw of splitArguments(text, from, to)) {
    const slice = trim(text, raw);
    const arg = parseArgument(text, slice);
    if (arg) args.push(arg);
    else {
      const found = text.slice(slice.start, slice.end);
      problems.push({ code: "DIRECTIVE_SYNTAX", params: { found }, ...widen(slice, text) });
    }
  }
  return { args, problems };
}

const widen = ({ start, end }: Slice, text: string): Slice =>
  start < end ? { start, end } : { start: Math.max(0, start - 1), end: Math.min(text.length, end + 1) };

/** The parts between commas, with the spaces around them. Commas inside quotes and parentheses do not separate. */
export function splitArguments(text: string, from: number, to: number): Slice[] {
  const slices: Slice[] = [];
  let depth = 0;
  let quote = "";
  let start = from;
  for (let i = from; i <= to; i++) {
    const char = i === to ? "" : (text[i] ?? "");
    if (quote !== "" && i < to) {
      if (char === quote) quote = "";
    } else if (i === to || (char === "," && depth === 0)) {
      slices.push({ start, end: i });
      start = i + 1;
    } else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (isQuote(char) && /[=(,\s]/.test(text[i - 1] ?? "=")) quote = char;
  }
  return slices;
}

const isQuote = (char: string): boolean => char === '"' || char === "'" || char === "`";

function trim(text: string, { start, end }: Slice): Slice {
  while (start < end && /\s/.test(text[start] ?? "")) start++;
  while (end > start && /\s/.test(text[end - 1] ?? "")) end--;
  return { start, end };
}

function parseArgument(text: string, { start, end }: Slice): Argument | undefined {
  const whole = text.slice(start, end);
  const match = /^([A-Za-z_$][\w$]*)\s*=\s*/.exec(whole);
  const valueStart = start + (match?.[0].length ?? 0);
  const raw = text.slice(valueStart, end);
  if (raw === "" && !match) return undefined;
  const quote = raw[0] ?? "";
  const quoted = isQuote(quote);
  if (quoted && (raw.length < 2 || raw.at(-1) !== quote)) return undefined;
  const value = quoted ? raw.slice(1, -1) : raw;
  return { name: match?.[1] ?? "", value, quoted, start, end, valueStart: valueStart + (quoted ? 1 : 0) };
}
