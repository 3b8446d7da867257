import type { AccessorProperty, MethodDefinition, Node, PropertyDefinition } from "oxc-parser";
import {
  isFunction,
  isWrapper,
  keyLabel,
  keyName,
  unwrap,
  type ClassNode,
  type FunctionNode,
} from "../../../syntax/ast.ts";

/** Expressions through which a name reaches the function inside them. */
const transparent = new Set([
  "ConditionalExpression",
  "LogicalExpression",
  "SequenceExpression",
  "AwaitExpression",
  "ArrayExpression",
  "SpreadElement",
  "VariableDeclaration",
  "JSXExpressionContainer",
]);

/**
 * The name of a function with a directive: `charge`, `Billing.charge`, `api.charge`, `default`. A call around the function is ignored:
 * in `const charge = memo(async () => …)` the name is `charge`. A function returned by another one has the name of the other.
 */
export function fullName(node: FunctionNode, above: readonly Node[]): string {
  if (node.id) return node.id.name;
  if (node.type === "FunctionDeclaration") return "default";
  return nameFrom(node, above) ?? calledWith(node, above) ?? "anonymous";
}

/** The name of a helper, without outer names: `charge`, or `map` in `items.map(async …)`, or `anonymous` if it is called immediately. */
export function shortName(node: FunctionNode, above: readonly Node[]): string {
  if (node.id) return node.id.name;
  if (node.type === "FunctionDeclaration") return "default";
  const member = memberOf(node, above);
  return (
    (member && keyLabel(member.key, member.computed)) ??
    calledWith(node, above) ??
    nameFrom(node, above.slice(above.findLastIndex(isFunction) + 1)) ??
    "anonymous"
  );
}

/** The name that JavaScript assigns to the function or class: its own, or that of the variable or property that it initializes. */
export function ownName(node: FunctionNode | ClassNode, above: readonly Node[]): string | undefined {
  if (node.id) return node.id.name;
  const at = above.findLastIndex((each) => !isWrapper(each));
  const holder = above[at];
  if (!holder || node.type === "FunctionDeclaration") return "default";
  return isMember(holder) ? memberKey(node, above) : binder(holder);
}

/** The key of the method, property or class field whose value is the function. */
export function memberKey(node: Node, above: readonly Node[]): string | undefined {
  const member = memberOf(node, above);
  return member && keyName(member.key, member.computed);
}

function memberOf(node: Node, above: readonly Node[]): Member | undefined {
  const at = above.findLastIndex((each) => !isWrapper(each));
  const parent = above[at];
  return parent && isMember(parent) && parent.value === (above[at + 1] ?? node) ? parent : undefined;
}

type Member = Extract<Node, { type: "Property" }> | MethodDefinition | PropertyDefinition | AccessorProperty;

const isMember = (node: Node): node is Member =>
  node.type === "Property" ||
  node.type === "MethodDefinition" ||
  node.type === "PropertyDefinition" ||
  node.type === "AccessorProperty";

/** The name of the innermost call that has the function as an argument. */
function calledWith(node: Node, above: readonly Node[]): string | undefined {
  let child = node;
  for (let i = above.length - 1; i >= 0; i--) {
    const parent = above[i];
    if (
      !parent ||
      isFunction(parent) ||
      isMember(parent) ||
      parent.type === "VariableDeclarator" ||
      parent.type === "JSXAttribute"
    )
      return undefined;
    if (parent.type === "CallExpression" || parent.type === "NewExpression") {
      return parent.callee === child ? undefined : lastName(parent.callee);
    }
    child = parent;
  }
  return undefined;
}

function lastName(callee: Node): string | undefined {
  const inner = unwrap(callee);
  if (inner.type === "Identifier") return inner.name;
  return inner.type === "MemberExpression" ? keyName(inner.property, inner.computed) : undefined;
}

function nameFrom(node: Node, above: readonly Node[]): string | undefined {
  let child = node;
  for (let i = above.length - 1; i >= 0; i--) {
    const parent = above[i];
    if (!parent) return undefined;
    if (isFunction(parent)) return parent.body === child ? givenBy(parent, above.slice(0, i)) : undefined;
    if (parent.type === "ReturnStatement") {
      const giver = above.findLastIndex(isFunction);
      return givenBy(above[giver], above.slice(0, giver));
    }
    if (isMember(parent))
      return parent.value === child ? qualified(keyLabel(parent.key, parent.computed), above.slice(0, i)) : undefined;
    const isArgument = parent.type === "CallExpression" || parent.type === "NewExpression";
    if (isArgument && parent.callee === child) return undefined;
    if (!isArgument && !isWrapper(parent) && !transparent.has(parent.type)) return binder(parent);
    child = parent;
  }
  return undefined;
}

/** The name of a function, for the function that it returns. */
const givenBy = (giver: Node | undefined, above: readonly Node[]): string | undefined =>
  giver && isFunction(giver) ? (giver.id?.name ?? nameFrom(giver, above)) : undefined;

/** The name on the left side of a declaration, assignment, default or attribute. */
function binder(parent: Node): string | undefined {
  switch (parent.type) {
    case "VariableDeclarator":
      return parent.id.type === "Identifier" ? parent.id.name : undefined;
    case "AssignmentPattern":
      return lastName(parent.left);
    case "AssignmentExpression": {
      const name = lastName(parent.left);
      return name === "exports" ? "default" : name;
    }
    case "JSXAttribute":
      return parent.name.type === "JSXIdentifier" ? parent.name.name : parent.name.name.name;
    case "ExportDefaultDeclaration":
    case "TSExportAssignment":
      return "default";
    default:
      return undefined;
  }
}

/** `key`, prefixed with the name of its object or class. `above` ends with the object literal or class body. */
function qualified(key: string, above: readonly Node[]): string {
  const owner = above.at(-1);
  const holder = owner?.type === "ClassBody" ? above.at(-2) : owner;
  if (!holder) return key;
  const own = holder.type === "ClassDeclaration" || holder.type === "ClassExpression" ? holder.id?.name : undefined;
  const outer = own ?? nameFrom(holder, above.slice(0, above.indexOf(holder)));
  return outer === undefined || outer === "default" ? key : `${outer}.${key}`;
}
