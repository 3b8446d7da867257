import type { CallExpression, Node } from "oxc-parser";
import { keyName, unwrap } from "../../ast.ts";
import type { Scope } from "./scopes.ts";

/** What a call calls: `f` also in `f.call(…)` and `f.apply(…)`. */
export function calledThing(node: CallExpression): Node {
  const callee = unwrap(node.callee);
  if (callee.type !== "MemberExpression") return callee;
  const name = keyName(callee.property, callee.computed);
  const object = unwrap(callee.object);
  const isIndirect = (name === "call" || name === "apply") && (object.type === "Identifier" || object.type === "MemberExpression");
  return isIndirect ? object : callee;
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
