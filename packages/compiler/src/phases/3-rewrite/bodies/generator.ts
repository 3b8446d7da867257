import { blockOf } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import { impliedSemicolon } from "../text/block.ts";
import { named, type RewriteContext } from "../text/context.ts";
import { wrapBlock } from "./wrap-block.ts";

type Generator = Extract<Edit, { kind: "generator" }>;

/**
 *     function* f(x) { BODY }
 *  →  function* f(x) { return yield* $m().generator(5, { f: function* () { BODY } }.f.apply(this, arguments)) }
 *  or, for `super`, … { __proto__: SUPER, *$f() { BODY } }.$f.apply(this, arguments)) }
 *     yield e  →  $m().back($m().here(), yield e)
 */
export function rewriteGenerator(
  { node, index, label, redeclared, yields, usesSuper }: Generator,
  context: RewriteContext,
): void {
  const { out, call, parsed, names, superObject } = context;
  const block = blockOf(node);
  if (!block) return;
  const async = node.async ? "async " : "";
  const { before, after, start } = named(label);
  const object = `{ __proto__: ${superObject}, `;
  const [head, at, tail] = usesSuper
    ? [`${object}${async}*${names.fn}() {`, object.length, `} }.${names.fn}.apply(this, arguments)) `]
    : [`${before}${async}function* () {`, start, `}${after}.apply(this, arguments)) `];
  const opening = `${call("generator")}${index}, `;
  context.inner.push({ text: opening, offset: opening.length + at, of: node });
  wrapBlock(block, node, `return yield* ${opening}${head}`, tail, redeclared, context);
  for (const each of yields) {
    out.open(each.start, `${call("back")}${call("here")}), `, each);
    out.close(each.end, `)${impliedSemicolon(each.end, parsed)}`, each);
  }
}
