import type { Node } from "oxc-parser";
import { isFunction, walk, type FunctionNode } from "../../../syntax/ast.ts";
import type { CapturedWrite } from "../model/model.ts";
import type { Binding, Scope } from "../scopes/scopes.ts";
import { isReference } from "./references.ts";

/** The function that declares the variable. `undefined` if it is a variable of the module. */
export function declaringFunction({ scope }: Binding): FunctionNode | undefined {
  for (let each: Scope | undefined = scope; each; each = each.parent) if (isFunction(each.node)) return each.node;
  return undefined;
}

const fills = new Set(["??=", "||=", "&&="]);

/**
 * How a task assigns to a variable outside of it, at the end of `above`: `fill` makes a value once, when it is needed first, `count` makes the next
 * value from the one before, and `set` is any other assignment.
 */
export function formOfWrite(name: string, write: Node, above: readonly Node[]): CapturedWrite["form"] {
  if (write.type === "AssignmentExpression" && fills.has(write.operator)) return "fill";
  if (isGuarded(name, write, above)) return "fill";
  if (write.type === "UpdateExpression") return "count";
  if (write.type !== "AssignmentExpression") return "set";
  return write.operator !== "=" || mentions(write.right, name) ? "count" : "set";
}

/** Whether it happens only where a condition on the same variable holds: `if (!client) client = …`, `client || (client = …)`. */
function isGuarded(name: string, write: Node, above: readonly Node[]): boolean {
  let child = write;
  for (let i = above.length - 1; i >= 0; i--) {
    const parent = above[i];
    if (!parent || isFunction(parent)) return false;
    if (isConditionOn(name, parent, child)) return true;
    child = parent;
  }
  return false;
}

function isConditionOn(name: string, parent: Node, child: Node): boolean {
  switch (parent.type) {
    case "IfStatement":
    case "ConditionalExpression":
      return parent.test !== child && mentions(parent.test, name);
    case "LogicalExpression":
      return parent.right === child && mentions(parent.left, name);
    case "BlockStatement": // if (client) return client; client = …
      return parent.body.some(
        (each) =>
          each.end <= child.start &&
          each.type === "IfStatement" &&
          leaves(each.consequent) &&
          mentions(each.test, name),
      );
    default:
      return false;
  }
}

function leaves(node: Node): boolean {
  const last = node.type === "BlockStatement" ? node.body.at(-1) : node;
  return last?.type === "ReturnStatement" || last?.type === "ThrowStatement";
}

function mentions(node: Node, name: string): boolean {
  let found = false;
  walk(node, (each, above) => {
    const parent = above.at(-1);
    found ||= each.type === "Identifier" && each.name === name && (!parent || isReference(each, parent, above.at(-2)));
    return !found;
  });
  return found;
}
