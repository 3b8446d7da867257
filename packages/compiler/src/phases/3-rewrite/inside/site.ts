import type { Node, TaggedTemplateExpression } from "oxc-parser";
import { unwrap } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import { jsonLiteral, type RewriteContext } from "../text/context.ts";

/**
 * `f(x)` → `f(x, ...$m().at(0))`, and where another module defines the function `f(x, ...$m().at(0, f))`, `o.f(x)` →
 * `o.f(x, ...$m().at(0, o, "f"))`
 */
export function rewriteSite(edit: Extract<Edit, { kind: "site" }>, context: RewriteContext): void {
  const { node, index } = edit;
  if (node.type === "TaggedTemplateExpression") return rewriteTag(node, edit, context);
  const { out, parsed, call } = context;
  const last = node.arguments.at(-1);
  const comma = last && parsed.source[parsed.skip(last.end)] !== "," ? ", " : "";
  out.close(node.end - 1, `${comma}...${call("at")}${index}${calleeText(edit, context)})`, node);
}

/** ``f`${x}` `` → ``f`${$m().tag(0, x)}` ``, ``f`x` `` → ``$m().tag(0, f)`x` `` */
function rewriteTag(
  { tag, quasi }: TaggedTemplateExpression,
  edit: Extract<Edit, { kind: "site" }>,
  context: RewriteContext,
): void {
  const { out, call } = context;
  const last = quasi.expressions.at(-1) ?? holder(unwrap(tag));
  if (!last) return;
  const [open, close] = last.type === "SequenceExpression" ? ["(", ")"] : ["", ""];
  out.open(last.start, `${call("tag")}${edit.index}, ${open}`, last);
  out.close(last.end, `${close}${calleeText(edit, context)})`, last);
}

/** `map(f)` → `map(($m().at(0, f, null), f))` */
export function rewritePassed({ node, index }: Extract<Edit, { kind: "passed" }>, context: RewriteContext): void {
  const { out, call, parsed } = context;
  out.open(node.start, `(${call("at")}${index}, ${parsed.source.slice(node.start, node.end)}, null), `, node);
  out.close(node.end, ")", node);
}

function calleeText({ callee }: Extract<Edit, { kind: "site" }>, { parsed }: RewriteContext): string {
  if (!callee) return "";
  const text = parsed.source.slice(callee.node.start, callee.node.end);
  return callee.key === undefined ? `, ${text}` : `, ${text}, ${jsonLiteral(callee.key)}`;
}

/** What can be put into a call before a tag is called, so that its `this` stays; `super` cannot. */
function holder(tag: Node): Node | undefined {
  if (tag.type !== "MemberExpression") return tag;
  return tag.object.type === "Super" ? undefined : tag.object;
}
