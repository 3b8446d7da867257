import {
  visitorKeys,
  type ArrowFunctionExpression,
  type Class,
  type Function as OrdinaryFunction,
  type Node,
  type PropertyKey,
} from "oxc-parser";

export type FunctionNode = OrdinaryFunction | ArrowFunctionExpression;
export type ClassNode = Class;

/** TypeScript's own syntax that exists at run time. Every other `TS…` node is part of a type and is skipped. */
const valueSyntax = new Set<string>([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSTypeAssertion",
  "TSNonNullExpression",
  "TSInstantiationExpression",
  "TSEnumDeclaration",
  "TSEnumBody",
  "TSEnumMember",
  "TSModuleDeclaration",
  "TSModuleBlock",
  "TSExportAssignment",
  "TSParameterProperty",
  "TSImportEqualsDeclaration",
]);

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;

/** Whether the node exists only for the type checker. */
export function isErased(node: Node): boolean {
  if ("declare" in node && node.declare === true) return true;
  return node.type.startsWith("TS") && !valueSyntax.has(node.type);
}

const typeFields = new Set([
  "typeAnnotation",
  "returnType",
  "typeParameters",
  "typeArguments",
  "superTypeArguments",
  "implements",
]);

const childFields: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(visitorKeys).map(([type, keys]) => [type, keys.filter((key) => !typeFields.has(key))]),
);

const found = Symbol("children");

/** The node's children that exist at run time, in source order. They are found once and kept with the node: a tree is walked several times. */
export function children(node: Node & { [found]?: readonly Node[] }): readonly Node[] {
  return (node[found] ??= childrenOf(node));
}

function childrenOf(node: Node): Node[] {
  const result: Node[] = [];
  for (const field of childFields.get(node.type) ?? []) {
    const value: unknown = Reflect.get(node, field);
    if (Array.isArray(value)) for (const each of value) addNode(each, result);
    else addNode(value, result);
  }
  return result;
}

function addNode(value: unknown, result: Node[]): void {
  if (isNode(value) && !isErased(value)) result.push(value);
}

/** Visits `node` and its descendants. If `enter` returns `false`, the descendants are skipped. `above` holds the ancestors, the parent last. */
export function walk(
  node: Node,
  enter: (node: Node, above: readonly Node[]) => boolean | void,
  above: Node[] = [],
): void {
  if (enter(node, above) === false) return;
  above.push(node);
  for (const child of children(node)) walk(child, enter, above);
  above.pop();
}

export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

export const isClass = (node: Node): node is ClassNode =>
  node.type === "ClassDeclaration" || node.type === "ClassExpression";

export type Loop = Extract<
  Node,
  { type: "ForStatement" | "ForInStatement" | "ForOfStatement" | "WhileStatement" | "DoWhileStatement" }
>;

export const isLoop = (node: Node): node is Loop =>
  node.type === "ForStatement" ||
  node.type === "ForInStatement" ||
  node.type === "ForOfStatement" ||
  node.type === "WhileStatement" ||
  node.type === "DoWhileStatement";

/** The expression inside parentheses and type syntax. */
export function unwrap(node: Node): Node {
  switch (node.type) {
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSTypeAssertion":
    case "TSNonNullExpression":
    case "TSInstantiationExpression":
    case "ChainExpression":
      return unwrap(node.expression);
    default:
      return node;
  }
}

/** Whether `node` only wraps an expression, so that its child counts as a child of its parent. */
export const isWrapper = (node: Node): boolean => unwrap(node) !== node;

/** The name of a key or member if it is known statically. A private name begins with `#`. */
export function keyName(key: PropertyKey | Node, computed: boolean): string | undefined {
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  if (key.type === "Identifier") return computed ? undefined : key.name;
  return literalText(key);
}

/** The name of a key, or a label for a computed one: `pay` for `[pay]` and `[keys.pay]`. */
export function keyLabel(key: PropertyKey | Node, computed: boolean): string {
  const inner = unwrap(key);
  if (inner.type === "MemberExpression") return keyLabel(inner.property, inner.computed);
  return keyName(key, computed) ?? (inner.type === "Identifier" ? inner.name : "computed");
}

/** The text of a literal, or of a template without expressions. */
export function literalText(node: Node): string | undefined {
  const inner = unwrap(node);
  if (inner.type === "Literal") return typeof inner.value === "object" ? undefined : String(inner.value);
  if (inner.type === "TemplateLiteral" && inner.expressions.length === 0)
    return inner.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** The block of a function. `undefined` for an arrow function with an expression body. */
export function blockOf(fn: FunctionNode): Extract<Node, { type: "BlockStatement" }> | undefined {
  return fn.body?.type === "BlockStatement" ? fn.body : undefined;
}

export type ParameterNode = FunctionNode["params"][number];

/** The parameters that exist at run time, without TypeScript's `this` parameter. */
export const runtimeParams = (fn: FunctionNode): ParameterNode[] => fn.params.filter((param) => !isThisParam(param));

export const isThisParam = (param: ParameterNode): boolean => param.type === "Identifier" && param.name === "this";

/** The value of `fn.length`: the number of parameters before the first one with a default value. */
export function lengthOf(fn: FunctionNode): number {
  const params = runtimeParams(fn);
  const first = params.findIndex((param) => {
    const inner = param.type === "TSParameterProperty" ? param.parameter : param;
    return inner.type === "AssignmentPattern" || inner.type === "RestElement";
  });
  return first === -1 ? params.length : first;
}
