import { blockOf, isClass } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import { afterPrologue } from "../text/block.ts";
import type { RewriteContext } from "../text/context.ts";
import { outside } from "../text/insertions.ts";
import { keyText } from "./key-text.ts";

/**
 *     { BODY }    →  { let $k; BODY }
 *     () => BODY  →  () => { let $k; return BODY; }
 *     class {}    →  (() => { let $k; return { ["A"]: class {} }["A"]; })()   where it is called A
 */
export function keepKeysIn({ node, slots, named }: Extract<Edit, { kind: "slots" }>, context: RewriteContext): void {
  const { out, parsed } = context;
  const declared = declareSlots(slots, context);
  if (node.type === "ObjectExpression" || isClass(node)) {
    const name = named === undefined ? undefined : keyText(named, context);
    const around = outside(node);
    out.open(node.start, `(() => { ${declared} return ${name === undefined ? "" : `{ [${name}]: `}`, around);
    out.close(node.end, `${name === undefined ? "" : ` }[${name}]`}; })()`, around);
  } else if (node.type === "ArrowFunctionExpression" && !blockOf(node)) {
    const around = outside(node.body);
    out.open(node.body.start, `{ ${declared} return `, around);
    out.close(node.body.end, "; }", around);
  } else {
    const { at, separator } = afterPrologue(node, parsed);
    out.open(at, `${separator} ${declared}`, node);
  }
}

export const declareSlots = (slots: readonly number[], { names }: RewriteContext): string =>
  slots.length === 0 ? "" : `let ${slots.map((slot) => names.slot(slot)).join(", ")};`;
