import type { Node, TaggedTemplateExpression } from "oxc-parser";
import { unwrap } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import type { RewriteContext } from "../text/context.ts";

/** `f(x)` → `f(x, ...$m().at(0))` */
export function rewriteSite({ node, index }: Extract<Edit, { kind: "site" }>, context: RewriteContext): void {
  if (node.type === "TaggedTemplateExpression") return rewriteTag(node, index, context);
  const { out, parsed, call } = context;
  const last = node.arguments.at(-1);
  const comma = last && parsed.source[parsed.skip(last.end)] !== "," ? ", " : "";
  out.close(node.end - 1, `${comma}...${call("at")}${index})`, node);
}

/** ``f`${x}` `` → ``f`${$m().tag(0, x)}` ``, ``f`x` `` → ``$m().tag(0, f)`x` `` */
function rewriteTag({ tag, quasi }: TaggedTemplateExpression, index: number, { out, call }: RewriteContext): void {
  const last = quasi.expressions.at(-1) ?? holder(unwrap(tag));
  if (!last) return;
  const [open, close] = last.type === "SequenceExpression" ? ["(", ")"] : ["", ""];
  out.open(last.start, `${call("tag")}${index}, ${open}`, last);
  out.close(last.end, `${close})`, last);
}

/** What can be put into a call before a tag is called, so that its `this` stays; `super` cannot. */
function holder(tag: Node): Node | undefined {
  if (tag.type !== "MemberExpression") return tag;
  return tag.object.type === "Super" ? undefined : tag.object;
}
