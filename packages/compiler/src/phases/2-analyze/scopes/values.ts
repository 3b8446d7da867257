import type { CallExpression, NewExpression, Node } from "oxc-parser";
import { isClass, isFunction, keyName, literalText, unwrap } from "../../../syntax/ast.ts";
import { KNOWN, TEXT, UNKNOWN, type Value } from "../model/value.ts";
import { isExportsObject } from "./exports.ts";
import { lookup, selfOf, type Scope, type Scopes, type ValueOf } from "./scopes.ts";

export function createValueOf(scopes: Scopes): ValueOf {
  const valueOf: ValueOf = (expression, scope) => {
    const node = unwrap(expression);
    if (isFunction(node)) return indexed("function", scopes.functionIndex.get(node));
    if (isClass(node)) return indexed("class", scopes.classIndex.get(node));
    switch (node.type) {
      case "ObjectExpression":
        return indexed("object", scopes.objectIndex.get(node));
      case "Identifier": {
        const binding = lookup(scope, node.name);
        return binding
          ? { kind: "binding", index: binding.index }
          : isExportsObject(node, scope)
            ? { kind: "exports" }
            : { kind: "global", name: node.name };
      }
      case "ThisExpression":
        return selfOf(scope);
      case "NewExpression":
        return { kind: "instance", of: valueOf(node.callee, scope), first: firstOf(node, scope, valueOf) };
      case "MemberExpression":
        return memberValue(node, scope, valueOf);
      case "AwaitExpression":
        return dynamicImport(node.argument) ?? UNKNOWN;
      case "ConditionalExpression":
        return choice([valueOf(node.consequent, scope), valueOf(node.alternate, scope)]);
      case "LogicalExpression":
        return choice([valueOf(node.left, scope), valueOf(node.right, scope)]);
      case "SequenceExpression":
        return valueOf(node.expressions.at(-1) ?? node, scope);
      case "AssignmentExpression":
        return node.operator === "=" ? valueOf(node.right, scope) : UNKNOWN;
      case "CallExpression":
        return callValue(node, scope, valueOf);
      case "Literal":
        return typeof node.value === "string" ? TEXT : KNOWN;
      case "TemplateLiteral":
        return TEXT;
      case "UnaryExpression":
      case "BinaryExpression":
      case "UpdateExpression":
      case "MetaProperty":
      case "JSXElement":
      case "JSXFragment":
        return KNOWN;
      default:
        return UNKNOWN;
    }
  };
  return valueOf;
}

const indexed = (kind: "function" | "class" | "object", index: number | undefined): Value =>
  index === undefined ? UNKNOWN : { kind, index };

const choice = (values: readonly Value[]): Value => ({ kind: "choice", values });

function memberValue(node: Extract<Node, { type: "MemberExpression" }>, scope: Scope, valueOf: ValueOf): Value {
  if (isExportsObject(node, scope)) return { kind: "exports" };
  const object: Value =
    node.object.type === "Super" ? { kind: "super", of: selfOf(scope) } : valueOf(node.object, scope);
  const name = keyName(node.property, node.computed);
  return name === undefined ? { kind: "element", object } : { kind: "member", object, name };
}

/** `import("./x")` as the operand of `await`. */
function dynamicImport(argument: Node): Value | undefined {
  const inner = unwrap(argument);
  const from = inner.type === "ImportExpression" ? literalText(inner.source) : undefined;
  return from === undefined ? undefined : { kind: "import", from, name: "*" };
}

function callValue(node: CallExpression, scope: Scope, valueOf: ValueOf): Value {
  const callee = unwrap(node.callee);
  const required = requiredModule(node, scope);
  if (required !== undefined) return { kind: "import", from: required, name: "*" };
  if (callee.type === "MemberExpression" && keyName(callee.property, callee.computed) === "bind")
    return valueOf(callee.object, scope);
  return { kind: "result", callee: valueOf(callee, scope), first: firstOf(node, scope, valueOf) ?? UNKNOWN };
}

function firstOf(
  { arguments: [first] }: CallExpression | NewExpression,
  scope: Scope,
  valueOf: ValueOf,
): Value | undefined {
  return first && valueOf(first, scope);
}

/** The module in `require("./x")`, if `require` has its CommonJS meaning. */
export function requiredModule(node: CallExpression, scope: Scope): string | undefined {
  const callee = unwrap(node.callee);
  const first = node.arguments[0];
  if (callee.type !== "Identifier" || callee.name !== "require" || !first || lookup(scope, "require")) return undefined;
  return literalText(first);
}
