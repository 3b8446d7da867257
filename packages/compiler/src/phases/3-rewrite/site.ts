import type { Edit } from "../2-analyze/plan.ts";
import type { RewriteContext } from "./context.ts";

/** `f(x)` → `f(x, ...$m().at(0))` */
export function rewriteSite({ node, index }: Extract<Edit, { kind: "site" }>, { out, parsed, call }: RewriteContext): void {
  const last = node.arguments.at(-1);
  const comma = last && parsed.source[parsed.skip(last.end)] !== "," ? ", " : "";
  out.close(node.end - 1, `${comma}...${call("at")}${index})`, node);
}
