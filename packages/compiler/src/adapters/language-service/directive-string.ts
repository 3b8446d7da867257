import type { ts } from "ts-morph";

/** A string in the place of a directive. */
export interface DirectiveString {
  readonly text: string;
  /** Offset of the text in the file. */
  readonly start: number;
  /** The function that it is in. `undefined` at the top of the file. */
  readonly fn: ts.FunctionLikeDeclaration | undefined;
}

/** The string around `position`, if it is a statement at the beginning of a function or of the file, and is spelt without escapes. */
export function directiveStringAt(api: typeof ts, file: ts.SourceFile, position: number): DirectiveString | undefined {
  const node = stringAt(api, file, position);
  const statement = node?.parent;
  if (!node || !statement || !api.isExpressionStatement(statement) || statement.expression !== node) return undefined;
  const fn = hostOf(api, statement);
  const start = node.getStart(file) + 1;
  const text = file.text.slice(start, start + node.text.length);
  return fn !== null && text === node.text && position >= start && position <= start + text.length
    ? { text, start, fn }
    : undefined;
}

function stringAt(api: typeof ts, file: ts.SourceFile, position: number): ts.StringLiteral | undefined {
  const find = (node: ts.Node): ts.StringLiteral | undefined => {
    if (position < node.pos || position > node.end) return undefined;
    return api.isStringLiteral(node) ? node : api.forEachChild(node, find);
  };
  return find(file);
}

/** `null` if the statement is not in the prologue of a function or of the file. */
function hostOf(api: typeof ts, statement: ts.Statement): ts.FunctionLikeDeclaration | undefined | null {
  const block = statement.parent;
  if (!api.isSourceFile(block) && !api.isBlock(block)) return null;
  const before = block.statements.slice(0, block.statements.indexOf(statement));
  const isPrologue = (each: ts.Statement): boolean =>
    api.isExpressionStatement(each) && api.isStringLiteral(each.expression);
  if (!before.every(isPrologue)) return null;
  if (api.isSourceFile(block)) return undefined;
  const owner = block.parent;
  return api.isFunctionLike(owner) && "body" in owner && owner.body === block ? owner : null;
}

export const isAsync = (api: typeof ts, fn: ts.FunctionLikeDeclaration): boolean =>
  api.canHaveModifiers(fn) && (api.getModifiers(fn) ?? []).some((each) => each.kind === api.SyntaxKind.AsyncKeyword);
