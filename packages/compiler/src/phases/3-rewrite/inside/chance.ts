import type { Edit } from "../../2-analyze/plan/edits.ts";
import type { RewriteContext } from "../text/context.ts";

/**
 *     Date.now()             →  $m().recorded("now", Date.now())
 *     names.map(randomUUID)  →  names.map($m().recording("uuid", randomUUID))
 */
export function rewriteChance(
  { node, source, call: isCall }: Extract<Edit, { kind: "chance" }>,
  { out, call }: RewriteContext,
): void {
  out.open(node.start, `${call(isCall ? "recorded" : "recording")}"${source}", `, node);
  out.close(node.end, ")", node);
}
