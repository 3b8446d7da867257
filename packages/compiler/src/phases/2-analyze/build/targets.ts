import type { CallExpression, Node, TaggedTemplateExpression } from "oxc-parser";
import { keyName, unwrap } from "../../../syntax/ast.ts";
import type { Value } from "../model/value.ts";
import type { Scope, ValueOf } from "../scopes/scopes.ts";

/** The function that a call calls. In `f.call(…)` and `f.apply(…)` it is `f`. */
export function calledThing(node: CallExpression): Node {
  const callee = unwrap(node.callee);
  if (callee.type !== "MemberExpression") return callee;
  const name = keyName(callee.property, callee.computed);
  const object = unwrap(callee.object);
  const isIndirect =
    (name === "call" || name === "apply") && (object.type === "Identifier" || object.type === "MemberExpression");
  return isIndirect ? object : callee;
}

export function settingsOf(
  node: CallExpression | TaggedTemplateExpression,
  scope: Scope,
  valueOf: ValueOf,
): Value | undefined {
  const first = "arguments" in node && node.arguments[0] ? unwrap(node.arguments[0]) : undefined;
  return first?.type === "ObjectExpression" || first?.type === "Identifier" ? valueOf(first, scope) : undefined;
}

export function isWithin(scope: Scope | undefined, outer: Scope): boolean {
  for (let each = scope; each; each = each.parent) if (each === outer) return true;
  return false;
}

type Identifier = Extract<Node, { type: "Identifier" }>;

/** The variables that an assignment to `target` changes. */
export function assigned(target: Node): Identifier[] {
  const node = unwrap(target);
  switch (node.type) {
    case "Identifier":
      return [node];
    case "AssignmentPattern":
      return assigned(node.left);
    case "RestElement":
      return assigned(node.argument);
    case "ArrayPattern":
      return node.elements.flatMap((each) => (each ? assigned(each) : []));
    case "ObjectPattern":
      return node.properties.flatMap((each) => assigned(each.type === "Property" ? each.value : each));
    default:
      return [];
  }
}

/** A change of an object that a variable refers to: `order.total = 1`, `order.items.push(x)`, `Object.assign(order, …)`. */
export interface Mutation {
  readonly root: Identifier;
  readonly how: "member" | "list" | "collection";
}

const listMethods = new Set(["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);
const collectionMethods = new Set(["set", "add", "delete", "clear"]);

/** The objects that an assignment to `target`, its deletion, or `target` itself as a call, changes in place. */
export function mutated(target: Node): Mutation[] {
  const node = unwrap(target);
  switch (node.type) {
    case "MemberExpression": {
      const root = rootOf(node.object);
      return root ? [{ root, how: "member" }] : [];
    }
    case "CallExpression":
      return mutatedByCall(node);
    case "AssignmentPattern":
      return mutated(node.left);
    case "RestElement":
      return mutated(node.argument);
    case "ArrayPattern":
      return node.elements.flatMap((each) => (each ? mutated(each) : []));
    case "ObjectPattern":
      return node.properties.flatMap((each) => mutated(each.type === "Property" ? each.value : each));
    default:
      return [];
  }
}

function mutatedByCall(node: CallExpression): Mutation[] {
  const callee = unwrap(node.callee);
  if (callee.type !== "MemberExpression") return [];
  const name = keyName(callee.property, callee.computed);
  const object = unwrap(callee.object);
  const first = node.arguments[0];
  if (name === "assign" && object.type === "Identifier" && object.name === "Object" && first) {
    const root = rootOf(first);
    return root ? [{ root, how: "member" }] : [];
  }
  const how =
    name !== undefined && listMethods.has(name)
      ? "list"
      : name !== undefined && collectionMethods.has(name)
        ? "collection"
        : undefined;
  const root = how && rootOf(object);
  return how && root ? [{ root, how }] : [];
}

/** The variable at the beginning of a chain of member accesses. */
function rootOf(node: Node): Identifier | undefined {
  const inner = unwrap(node);
  if (inner.type === "MemberExpression") return rootOf(inner.object);
  return inner.type === "Identifier" ? inner : undefined;
}
