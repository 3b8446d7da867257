import { ts } from "ts-morph";
import type { DirectiveKind, DirectiveWords } from "../directives/directive.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { findDirectives, mayHoldDirective } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";

export interface DirectedFunction {
  readonly kind: DirectiveKind;
  /** The name in the manifest. */
  readonly name: string;
  readonly node: FunctionWithBody;
}

type FunctionWithBody = (ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.MethodDeclaration) & {
  readonly body: ts.ConciseBody;
};

/** The tasks and workflows that the compiler finds in a file. */
export function directedFunctions(file: ts.SourceFile, words: DirectiveWords): DirectedFunction[] {
  if (!mayHoldDirective(file.text, words)) return [];
  const parsed = parse(file.fileName, file.text);
  if (parsed.error || isCompiled(parsed)) return [];
  const model = buildModel(parsed, findDirectives(parsed, words, { file: file.fileName, source: file.text }));
  const nodes = functionsByBody(file);
  return model.functions.flatMap(({ kind, name, node: { async, generator, body } }) => {
    const node = body && nodes.get(body.start);
    return kind && node && async && !generator ? [{ kind, name, node }] : [];
  });
}

/** Functions by the offset of their body, which is the same in both parsers. */
function functionsByBody(file: ts.SourceFile): Map<number, FunctionWithBody> {
  const found = new Map<number, FunctionWithBody>();
  const visit = (node: ts.Node): void => {
    if (hasBody(node)) found.set(node.body.getStart(file), node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

const isFunction = (
  node: ts.Node,
): node is ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.MethodDeclaration =>
  ts.isFunctionDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isArrowFunction(node) ||
  ts.isMethodDeclaration(node);

const hasBody = (node: ts.Node): node is FunctionWithBody => isFunction(node) && node.body !== undefined;
