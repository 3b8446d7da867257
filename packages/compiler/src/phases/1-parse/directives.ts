import type { Node, StringLiteral } from "oxc-parser";
import { createDiagnostic, type Diagnostic, type SourceFile } from "../../diagnostics/diagnostic.ts";
import {
  DIRECTIVE_WORDS,
  readDirective,
  type Directive,
  type DirectiveReading,
  type DirectiveWords,
} from "../../directives/directive.ts";
import { directivePrefixes } from "../../directives/misspelt.ts";
import { blockOf, isFunction, unwrap, walk, type FunctionNode } from "../../syntax/ast.ts";
import type { Parsed } from "./parse.ts";

/** A directive and the statement that contains it. */
export interface FoundDirective {
  readonly directive: Directive;
  readonly statement: Node;
  /** The words of the directive, as configured. */
  readonly words: string;
  /** Offset of the directive's text in the source. `undefined` if the source spells the text differently, with escapes. */
  readonly textStart: number | undefined;
}

export interface Directives {
  readonly functions: ReadonlyMap<FunctionNode, FoundDirective>;
  /** The directive at the top of the file. */
  readonly module: FoundDirective | undefined;
  /** Statements to remove from the source. */
  readonly statements: readonly Node[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Quick test without parsing. If it is false, the source contains neither a directive nor a misspelled one. */
export function mayHoldDirective(source: string, words: DirectiveWords): boolean {
  const isUsual = words.task === DIRECTIVE_WORDS.task && words.workflow === DIRECTIVE_WORDS.workflow;
  return (isUsual ? usualPrefix : prefixOf(words)).test(source);
}

const prefixOf = (words: DirectiveWords): RegExp =>
  new RegExp(`["'\`][\\s\\p{Cf}_-]*(?:${directivePrefixes(words).join("|")})`, "iu");

const usualPrefix = prefixOf(DIRECTIVE_WORDS);

/** Whether the source contains a correct directive, or a string that begins like one. */
export const namesDirective = (source: string, words: DirectiveWords): boolean =>
  [words.task, words.workflow].some((each) =>
    [`"${each}"`, `'${each}'`, `"${each}:`, `'${each}:`].some((text) => source.includes(text)),
  );

/** A string that is a whole statement or arrow body: a directive, or possibly an attempt at one. */
interface LoneString {
  readonly text: string;
  readonly textStart: number | undefined;
  readonly statement: Node;
  /** Whether it is in a directive prologue. */
  readonly inPrologue: boolean;
  /** Whether it is a template literal. */
  readonly isTemplate: boolean;
}

/** The expression that forms a whole statement, or the body of an async arrow function. */
function soleExpression(
  node: Node,
): { readonly expression: Node; readonly at: Node; readonly inPrologue: boolean } | undefined {
  if (node.type === "ExpressionStatement")
    return { expression: unwrap(node.expression), at: node, inPrologue: typeof node.directive === "string" };
  if (node.type !== "ArrowFunctionExpression" || !node.async) return undefined;
  return { expression: unwrap(node.body), at: node.body, inPrologue: false };
}

function loneString(node: Node, source: string): LoneString | undefined {
  const sole = soleExpression(node);
  if (!sole) return undefined;
  const { expression, at: statement, inPrologue } = sole;
  if (expression.type === "Literal" && typeof expression.value === "string") {
    const verbatim = source.slice(expression.start + 1, expression.end - 1) === expression.value;
    const textStart = verbatim ? expression.start + 1 : undefined;
    return { text: expression.value, textStart, statement, inPrologue, isTemplate: false };
  }
  if (expression.type !== "TemplateLiteral") return undefined;
  const text =
    expression.expressions.length === 0
      ? (expression.quasis[0]?.value.cooked ?? "")
      : source.slice(expression.start + 1, expression.end - 1);
  return { text, textStart: undefined, statement, inPrologue: false, isTemplate: true };
}

export function findDirectives(parsed: Parsed, words: DirectiveWords, sourceFile: SourceFile): Directives {
  const functions = new Map<FunctionNode, FoundDirective>();
  const statements: Node[] = [];
  const diagnostics: Diagnostic[] = [];
  let module: FoundDirective | undefined;
  if (!mayHoldDirective(parsed.source, words)) return { functions, module, statements, diagnostics };

  const accept = (lone: LoneString, reading: DirectiveReading, host: FunctionNode | undefined): void => {
    diagnostics.push(...readingProblems(sourceFile, lone, reading));
    if (!reading.directive) return;
    const found = {
      directive: reading.directive,
      statement: lone.statement,
      words: words[reading.directive.kind],
      textStart: lone.textStart,
    };
    const before = host ? functions.get(host) : module;
    if (before) diagnostics.push(second(sourceFile, before, found));
    else if (host) functions.set(host, found);
    else module = found;
    statements.push(lone.statement);
  };

  walk(parsed.program, (node, above) => {
    const part = directiveInside(node, parsed.source, words);
    if (part) diagnostics.push(insideDiagnostic(part, parsed, sourceFile));
    const lone = loneString(node, parsed.source);
    // text that the quick filter misses, because a letter is escaped, is not a directive in JavaScript either
    if (!lone || !mayHoldDirective(parsed.source.slice(lone.statement.start, lone.statement.end), words)) return;
    const reading = readDirective(lone.text, words);
    // the body of an arrow function is its result, and may be a sentence
    if (!reading || (reading.prose === true && lone.statement.type !== "ExpressionStatement")) return;
    const host = lone.inPrologue ? hostOf(above) : undefined;
    if (host) accept(lone, reading, host.fn);
    else if (reading.directive) {
      diagnostics.push(
        createDiagnostic(
          sourceFile,
          "DIRECTIVE_MISPLACED",
          { directive: lone.text, of: lone.isTemplate ? "template" : "code" },
          lone.statement,
        ),
      );
    } else diagnostics.push(...readingProblems(sourceFile, lone, reading));
  });
  return { functions, module, statements, diagnostics };
}

/** The directive with which a longer expression begins: `"use task" + x`, or a directive without a semicolon. */
function directiveInside(node: Node, source: string, words: DirectiveWords): StringLiteral | undefined {
  if (node.type !== "ExpressionStatement") return undefined;
  const first = leftmost(node.expression);
  if (first === node.expression || first.type !== "Literal" || typeof first.value !== "string") return undefined;
  if (!mayHoldDirective(source.slice(first.start, first.end), words)) return undefined;
  return readDirective(first.value, words)?.directive ? first : undefined;
}

/** The usual cause is that the next line begins with `(`, `[` or an operator. */
function insideDiagnostic(first: StringLiteral, { source, skip }: Parsed, file: SourceFile): Diagnostic {
  const directive = first.value;
  return /[\n\r\u2028\u2029]/.test(source.slice(first.end, skip(first.end)))
    ? createDiagnostic(file, "DIRECTIVE_CONTINUED", { directive }, first)
    : createDiagnostic(file, "DIRECTIVE_MISPLACED", { directive, of: "code" }, first);
}

function leftmost(node: Node): Node {
  switch (node.type) {
    case "CallExpression":
      return leftmost(node.callee);
    case "MemberExpression":
      return leftmost(node.object);
    case "TaggedTemplateExpression":
      return leftmost(node.tag);
    case "BinaryExpression":
    case "LogicalExpression":
      return leftmost(node.left);
    case "ConditionalExpression":
      return leftmost(node.test);
    case "SequenceExpression":
      return leftmost(node.expressions[0] ?? node);
    case "ChainExpression":
      return leftmost(node.expression);
    default:
      return node;
  }
}

/** The function or module whose prologue contains a statement. */
function hostOf(above: readonly Node[]): { fn: FunctionNode | undefined } | undefined {
  const [parent, owner] = [above.at(-1), above.at(-2)];
  if (parent?.type === "Program") return { fn: undefined };
  return owner && isFunction(owner) && blockOf(owner) === parent ? { fn: owner } : undefined;
}

function second(file: SourceFile, first: FoundDirective, found: FoundDirective): Diagnostic {
  return first.directive.kind === found.directive.kind
    ? createDiagnostic(file, "DIRECTIVE_DUPLICATE", { directive: found.words }, found.statement)
    : createDiagnostic(file, "DIRECTIVE_CONFLICT", { first: first.words, second: found.words }, found.statement);
}

function readingProblems(file: SourceFile, lone: LoneString, reading: DirectiveReading): Diagnostic[] {
  const { textStart, statement } = lone;
  return reading.problems.map(({ code, params, start, end }) => {
    if (textStart === undefined) return { ...createDiagnostic(file, code, params, statement), fixes: [] };
    return createDiagnostic(file, code, params, { start: textStart + start, end: textStart + end });
  });
}
