import type { Edit } from "../../2-analyze/plan/edits.ts";
import type { RewriteContext } from "../text/context.ts";
import { outside } from "../text/insertions.ts";

/** `[key]: f` → `[$k = $m().key(key)]: f` */
export function keepKey({ node, slot }: Extract<Edit, { kind: "key" }>, { out, call, names }: RewriteContext): void {
  const around = outside(node);
  out.open(node.start, `${names.slot(slot)} = ${call("key")}`, around);
  out.close(node.end, ")", around);
}
