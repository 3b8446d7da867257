import type { Node } from "oxc-parser";
import { keyName, unwrap } from "../../../syntax/ast.ts";
import type { DefinedElsewhere } from "../model/analysis.ts";
import type { CallModel } from "../model/model.ts";
import { isMention } from "../model/summary.ts";
import type { HandedOver } from "./edits.ts";

/** What a call, or an argument, hands over of its function, so that the runtime can tell whether it was compiled. */
export function handedOver(call: CallModel, { by, directed }: DefinedElsewhere): HandedOver | undefined {
  const { passedTo, target } = call;
  if (passedTo) return by === "variable" && directed && !isMention(call) ? { node: target, key: undefined } : undefined;
  const node = lastOf(unwrap(target));
  if (node.type === "Identifier") return { node, key: undefined };
  if (node.type !== "MemberExpression" || node.property.type === "PrivateIdentifier") return undefined;
  const object = unwrap(node.object);
  const key = keyName(node.property, node.computed);
  if (key === undefined || !isSimple(object, by !== "name")) return undefined;
  return by === "variable" ? { node, key: undefined } : { node: object, key };
}

/** `(0, jobs.charge)(id)`: a call without `this`, as compilers emit it. */
const lastOf = (node: Node): Node =>
  node.type === "SequenceExpression" ? unwrap(node.expressions.at(-1) ?? node) : node;

/** A variable, `this`, or a member of one that is known to be a field: it has no getter. */
function isSimple(node: Node, isKnown: boolean): boolean {
  if (node.type === "Identifier" || node.type === "ThisExpression") return true;
  return isKnown && node.type === "MemberExpression" && !node.computed && isSimple(unwrap(node.object), true);
}
