import type { Node } from "oxc-parser";
import { children, isFunction } from "../../../syntax/ast.ts";
import type { FunctionModel } from "../model/model.ts";
import type { Own } from "./edits.ts";

/** How a task or workflow tells its function objects apart; undefined where there is only one, or where it cannot. */
export function ownOf({ repeated, place, node }: FunctionModel): Own | undefined {
  if (!repeated) return undefined;
  switch (place.kind) {
    case "declaration":
      return node.id ? { name: node.id.name } : undefined;
    case "expression":
      return "variable";
    case "method":
      return suspends(place.object) ? undefined : "variable"; // the function around the object can neither await nor yield
    case "classMethod":
      return place.of.id ? { name: place.of.id.name } : undefined;
    default:
      return undefined;
  }
}

const suspends = (node: Node): boolean =>
  node.type === "AwaitExpression" ||
  node.type === "YieldExpression" ||
  children(node).some((child) => !isFunction(child) && suspends(child));
