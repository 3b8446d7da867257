import type { Node } from "oxc-parser";
import { blockOf } from "../../ast.ts";
import type { Edit } from "../2-analyze/plan.ts";
import { afterPrologue, impliedSemicolon } from "./block.ts";
import type { RewriteContext } from "./context.ts";

type Scope = Extract<Edit, { kind: "scope" }>;
type Generator = Extract<Edit, { kind: "generator" }>;

/**
 *     async function f(x) { BODY }  →  async function f(x) { return $m().scope(3, async () => { BODY }) }
 *     (i) => ship(i)                →  (i) => $m().scope(4, () => ship(i))
 */
export function rewriteScope({ node, index, redeclared }: Scope, context: RewriteContext): void {
  const { out, call } = context;
  const head = `${call("scope")}${index}, ${node.async ? "async " : ""}() => `;
  const block = blockOf(node);
  if (block) wrapBlock(block, node, `return ${head}{`, "}) ", redeclared, context);
  else if (node.body) {
    out.open(node.body.start, head, node);
    out.close(node.body.end, ")", node);
  }
}

/**
 *     function* f(x) { BODY }
 *  →  function* f(x) { return yield* $m().generator(5, function* () { BODY }.apply(this, arguments)) }
 *     yield e  →  $m().back($m().here(), yield e)
 */
export function rewriteGenerator({ node, index, redeclared, yields }: Generator, context: RewriteContext): void {
  const { out, call, parsed } = context;
  const block = blockOf(node);
  if (!block) return;
  const head = `return yield* ${call("generator")}${index}, ${node.async ? "async " : ""}function* () {`;
  wrapBlock(block, node, head, "}.apply(this, arguments)) ", redeclared, context);
  for (const each of yields) {
    out.open(each.start, `${call("back")}${call("here")}), `, each);
    out.close(each.end, `)${impliedSemicolon(each.end, parsed)}`, each);
  }
}

/** A `var` of a parameter's name is the parameter itself: inside of the inner function it starts with its value. */
function wrapBlock(block: Node, node: Node, head: string, tail: string, redeclared: readonly string[], { out, names, parsed }: RewriteContext): void {
  const kept = redeclared.map((name, i) => `const ${names.param(i)} = ${name}; `).join("");
  const restored = redeclared.map((name, i) => ` var ${name} = ${names.param(i)};`).join("");
  const { at, separator } = afterPrologue(block, parsed);
  out.open(at, `${separator} ${kept}${head}${restored}`, node);
  out.close(block.end - 1, tail, node);
}
