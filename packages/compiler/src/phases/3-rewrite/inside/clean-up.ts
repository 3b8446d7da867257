import type { Edit } from "../../2-analyze/plan/edits.ts";
import { afterPrologue } from "../text/block.ts";
import type { RewriteContext } from "../text/context.ts";
import { outside } from "../text/insertions.ts";

/** `catch { BODY }` → `catch { const $c = $m().cleanUp(); try { BODY } finally { $c.end() } }` */
export function rewriteCleanUp({ node, index }: Extract<Edit, { kind: "cleanUp" }>, context: RewriteContext): void {
  const { out, names, parsed, call } = context;
  const name = names.cleanUp(index);
  const { at, separator } = afterPrologue(node, parsed);
  // around what declares the functions and keys of the block
  out.open(at, `${separator} const ${name} = ${call("cleanUp")}); try {`, outside(node));
  out.close(node.end - 1, `} finally { ${name}.end() } `, outside(node));
}

/**
 *     { using x = f(); BODY }
 *  →  { const $u = $m().disposal(); try { using x = f(); using $u0 = $u.begin(); BODY } finally { $u.end() } }
 *
 * What is declared last is disposed first.
 */
export function rewriteUsing(
  { node, index, declarations }: Extract<Edit, { kind: "using" }>,
  context: RewriteContext,
): void {
  const { out, names, parsed, call } = context;
  const name = names.disposal(index);
  const { at, separator } = afterPrologue(node, parsed);
  // inside of the clean-up that the same block may be
  const around = { start: node.start, end: node.end + 0.25 };
  out.open(at, `${separator} const ${name} = ${call("disposal")}); try {`, around);
  out.close(node.end - 1, `} finally { ${name}.end() } `, around);
  declarations.forEach((each, i) => {
    const semicolon = parsed.source[each.end - 1] === ";" ? "" : ";";
    out.close(each.end, `${semicolon} using ${names.disposalBegin(index, i)} = ${name}.begin();`, outside(each));
  });
}

/** `work.catch(undo)` → `work.catch($m().cleaning(undo))` */
export function rewriteCleaning({ node }: Extract<Edit, { kind: "cleaning" }>, { out, call }: RewriteContext): void {
  out.open(node.start, call("cleaning"), outside(node));
  out.close(node.end, ")", outside(node));
}
