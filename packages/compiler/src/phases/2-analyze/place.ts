import type { MethodDefinition, Node, ObjectProperty } from "oxc-parser";
import { isClass, isFunction, isLoop, keyName, type FunctionNode } from "../../ast.ts";
import type { Place } from "./model.ts";

const unsupported = (what: string, advice: string): Place => ({ kind: "unsupported", what, advice });

const asMethod = "call an async method from it, and put the directive there";
const withName = "give it a name that is written out, or move the function into a variable of its own";

/** Where a function stands, or why it cannot hold a directive there. */
export function placeOf(node: FunctionNode, above: readonly Node[]): Place {
  const parent = above.at(-1);
  if (parent?.type === "MethodDefinition" && parent.kind === "constructor") return classMethod(parent, above);
  if (node.params.some((param) => "decorators" in param && param.decorators && param.decorators.length > 0)) {
    return unsupported("a method with decorated parameters", "decorate an ordinary method that calls this one");
  }
  if (node.type === "FunctionDeclaration") return declaration(above);
  if (parent?.type === "MethodDefinition") return classMethod(parent, above);
  if (parent?.type === "Property" && parent.value === node) return property(parent, above.at(-2));
  const isField = parent?.type === "PropertyDefinition" || parent?.type === "AccessorProperty";
  if (isField && keyName(parent.key, parent.computed) === undefined) return unsupported("a field with a computed name", withName);
  return { kind: "expression" };
}

function declaration(above: readonly Node[]): Place {
  const parent = above.at(-1);
  const exported = parent?.type === "ExportNamedDeclaration" || parent?.type === "ExportDefaultDeclaration";
  const container = exported ? above.at(-2) : parent;
  return { kind: "declaration", block: container?.type === "Program" ? undefined : container, defaultExport: parent?.type === "ExportDefaultDeclaration" };
}

function classMethod(method: MethodDefinition, above: readonly Node[]): Place {
  if (method.kind === "constructor") return { kind: "constructor", what: "a constructor", advice: asMethod };
  if (method.kind !== "method") return unsupported(method.kind === "get" ? "a getter" : "a setter", asMethod);
  const key = keyName(method.key, method.computed);
  const of = above.at(-3);
  if (key === undefined || !of || !isClass(of)) return unsupported("a method with a computed name", withName);
  return { kind: "classMethod", key, of, isStatic: method.static };
}

function property(node: ObjectProperty, object: Node | undefined): Place {
  if (node.kind !== "init") return unsupported(node.kind === "get" ? "a getter" : "a setter", asMethod);
  const key = keyName(node.key, node.computed);
  if (key === undefined) return unsupported("a method with a computed name", withName);
  if (!node.method || object?.type !== "ObjectExpression") return { kind: "expression" };
  return { kind: "method", key, object };
}

/** Evaluated once, with the module, and not tied to an instance. */
export function isReachable(above: readonly Node[]): boolean {
  return above.every((node) => {
    if (node.type === "MethodDefinition" || node.type === "PropertyDefinition" || node.type === "AccessorProperty") {
      return node.static && node.key.type !== "PrivateIdentifier";
    }
    return !isFunction(node) && !isLoop(node) && node.type !== "BlockStatement" && node.type !== "StaticBlock";
  });
}

/** Parameters that the body declares again with `var`: an inner function around the body would lose their values. */
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
  for (const statement of node.body.body) if (statement.type === "FunctionDeclaration" && statement.id) found.delete(statement.id.name);
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

/** The names that a declaration's pattern or a parameter binds. */
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
