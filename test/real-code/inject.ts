import MagicString from "magic-string";
import {
  parseSync,
  Visitor,
  type Function as OrdinaryFunction,
  type ArrowFunctionExpression,
  type ParserOptions,
} from "oxc-parser";

type FunctionNode = OrdinaryFunction | ArrowFunctionExpression;

/** Which async functions get a directive: all, or every third one, so that the others are helpers that call tasks. */
export type Choice = "every" | "third";

/** `PERDURE_REAL_CODE=long`: also every third function, and files of any size. */
export const isLong = process.env["PERDURE_REAL_CODE"] === "long";
export const choices: readonly Choice[] = isLong ? ["every", "third"] : ["every"];

export interface Injected {
  readonly code: string;
  /** The number of async functions with a directive, and of all async functions. */
  readonly functions: number;
  readonly all: number;
}

/** The directive that is written into each function. */
export const DIRECTIVE = `"use task"`;

const parsed = (source: string, file: string, sourceType: NonNullable<ParserOptions["sourceType"]>) => {
  const result = parseSync(file, source, { lang: "jsx", sourceType });
  return result.errors.length === 0 ? result.program : undefined;
};

const programOf = (source: string, file: string) => parsed(source, file, "module") ?? parsed(source, file, "commonjs");

/**
 * Adds a directive to the chosen async functions, and to every async function a call that records that it runs: `globalThis.$ran?.("file 3")`.
 * Undefined if the source cannot be parsed.
 */
export function inject(source: string, file: string, choice: Choice): Injected | undefined {
  const program = programOf(source, file);
  if (!program) return undefined;
  const code = new MagicString(source);
  let index = 0;
  let functions = 0;
  const visit = (node: FunctionNode): void => {
    if (!node.async || node.generator || !node.body) return;
    const directed = choice === "every" || index % 3 === 0;
    if (directed) functions++;
    write(node, `${directed ? `${DIRECTIVE}; ` : ""}globalThis.$ran?.(${JSON.stringify(`${file} ${index++}`)});`, code);
  };
  new Visitor({ FunctionDeclaration: visit, FunctionExpression: visit, ArrowFunctionExpression: visit }).visit(program);
  return { code: code.toString(), functions, all: index };
}

/** The source with the directives of the innermost tasks around these offsets replaced by blanks. */
export function withoutDirectives(source: string, file: string, offsets: readonly number[]): string {
  const bodies: { readonly start: number; readonly end: number; readonly directive: number }[] = [];
  const visit = ({ start, end, body }: FunctionNode): void => {
    const first =
      body?.type === "BlockStatement"
        ? body.body.find((each) => "directive" in each && each.directive === DIRECTIVE.slice(1, -1))
        : undefined;
    if (first) bodies.push({ start, end, directive: first.start });
  };
  const program = programOf(source, file);
  if (program)
    new Visitor({ FunctionDeclaration: visit, FunctionExpression: visit, ArrowFunctionExpression: visit }).visit(
      program,
    );
  const blank = "void 0".padEnd(DIRECTIVE.length);
  return offsets.reduce((text, offset) => {
    const around = bodies
      .filter(({ start, end }) => start <= offset && offset < end)
      .toSorted((a, b) => b.start - a.start)[0];
    if (!around) throw new Error(`no task of ${file} is around ${offset}`);
    return text.slice(0, around.directive) + blank + text.slice(around.directive + blank.length);
  }, source);
}

function write({ body }: FunctionNode, text: string, code: MagicString): void {
  if (!body) return;
  if (body.type !== "BlockStatement") {
    code.appendRight(body.start, `{ ${text} return (`).appendLeft(body.end, ") }");
    return;
  }
  const last = body.body.findLast((each) => "directive" in each && typeof each.directive === "string");
  if (!last) code.appendLeft(body.start + 1, ` ${text}`);
  else code.appendLeft(last.end, `${code.original[last.end - 1] === ";" ? "" : ";"} ${text}`);
}
