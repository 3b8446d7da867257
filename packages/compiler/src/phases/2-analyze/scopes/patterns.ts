import type { Node } from "oxc-parser";
import { isClass, isFunction, type FunctionNode } from "../../../syntax/ast.ts";

/** Parameters that the body redeclares with `var`. They would lose their values if the body were moved into an inner function. */
export function redeclaredParams(node: FunctionNode, names: ReadonlySet<string>): string[] {
  if (node.body?.type !== "BlockStatement" || names.size === 0) return [];
  const found = new Set<string>();
  const visit = (each: Node): void => {
    if (each.type === "VariableDeclaration" && each.kind === "var") {
      for (const { id } of each.declarations) for (const name of boundNames(id)) if (names.has(name)) found.add(name);
    }
    if (!isFunction(each) && !isClass(each)) for (const child of statements(each)) visit(child);
  };
  for (const statement of node.body.body) visit(statement);
  for (const statement of node.body.body)
    if (statement.type === "FunctionDeclaration" && statement.id) found.delete(statement.id.name);
  return [...found];
}

/** The statements directly below a statement. */
function statements(node: Node): Node[] {
  switch (node.type) {
    case "BlockStatement":
      return node.body;
    case "IfStatement":
      return node.alternate ? [node.consequent, node.alternate] : [node.consequent];
    case "ForStatement":
      return node.init ? [node.init, node.body] : [node.body];
    case "ForInStatement":
    case "ForOfStatement":
      return [node.left, node.body];
    case "WhileStatement":
    case "DoWhileStatement":
    case "LabeledStatement":
    case "WithStatement":
      return [node.body];
    case "SwitchStatement":
      return node.cases.flatMap((each) => each.consequent);
    case "TryStatement":
      return [node.block, ...(node.handler ? [node.handler.body] : []), ...(node.finalizer ? [node.finalizer] : [])];
    default:
      return [];
  }
}

/** The names that a pattern or parameter binds. */
export function boundNames(pattern: Node): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "RestElement":
      return boundNames(pattern.argument);
    case "TSParameterProperty":
      return boundNames(pattern.parameter);
    case "ArrayPattern":
      return pattern.elements.flatMap((each) => (each ? boundNames(each) : []));
    case "ObjectPattern":
      return pattern.properties.flatMap((each) => boundNames(each.type === "Property" ? each.value : each));
    default:
      return [];
  }
}
