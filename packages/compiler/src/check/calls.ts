import { ts } from "ts-morph";

/** Calls `found` for each call of the function `name` with an object literal that has the property `key`, with that property's value. */
export function callsWith(
  file: ts.SourceFile,
  name: string,
  key: string,
  found: (call: ts.CallExpression, value: ts.Expression) => void,
): void {
  if (!file.text.includes(name) || !file.text.includes(key)) return;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && calledName(node) === name) {
      const value = node.arguments.flatMap((argument) => property(argument, key) ?? [])[0];
      if (value) found(node, value);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
}

function calledName({ expression }: ts.CallExpression): string | undefined {
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text;
  return ts.isIdentifier(expression) ? expression.text : undefined;
}

/** The value of a property in an object literal. For a shorthand such as `{ classes }` it is the identifier. */
function property(node: ts.Expression, name: string): ts.Expression | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  for (const each of node.properties) {
    if (!each.name || !ts.isIdentifier(each.name) || each.name.text !== name) continue;
    if (ts.isPropertyAssignment(each)) return each.initializer;
    if (ts.isShorthandPropertyAssignment(each)) return each.name;
  }
  return undefined;
}

/** The declaration that an expression refers to, through imports. `undefined` if it is not a name. */
export function declarationOf(node: ts.Expression, checker: ts.TypeChecker): ts.Declaration | undefined {
  const isShorthand = ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node;
  const symbol = isShorthand
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  const target = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return target?.valueDeclaration;
}

/** The initializer of a declaration. */
export function initializerOf(declaration: ts.Declaration | undefined): ts.Expression | undefined {
  if (
    !declaration ||
    !(
      ts.isVariableDeclaration(declaration) ||
      ts.isPropertyAssignment(declaration) ||
      ts.isPropertyDeclaration(declaration)
    )
  )
    return undefined;
  return declaration.initializer && unwrap(declaration.initializer);
}

/** The expression inside parentheses and type syntax. */
export function unwrap(node: ts.Expression): ts.Expression {
  const wraps =
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node);
  return wraps ? unwrap(node.expression) : node;
}

/** Identifies a place in the sources. The text is the same in all programs. */
export const placeOf = (node: ts.Node): string => `${node.getSourceFile().fileName}:${node.pos}`;
