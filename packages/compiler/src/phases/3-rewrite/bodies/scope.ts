import { blockOf, lengthOf } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import { named, type RewriteContext } from "../text/context.ts";
import { endOfHead, keptParameters, splitParameters } from "./parameters.ts";
import { wrapBlock } from "./wrap-block.ts";

type Scope = Extract<Edit, { kind: "scope" }>;

/**
 *     async function f(x) { BODY }  →  async function f(x) { return $m().scope(3, { f: async () => { BODY } }.f) }
 *     (i) => ship(i)                →  (i) => $m().scope(4, () => ship(i))
 *     async function f(x) { BODY }  →  async function f(x) { return $m().contain({ f: async () => { BODY } }.f) }   where it is no scope
 */
export function rewriteScope(edit: Scope, context: RewriteContext): void {
  const { node, index, label, redeclared } = edit;
  if (edit.parameters) return rewriteWithParameters(edit, context);
  const { out, call } = context;
  const { before, after, start } = named(label);
  const operation = index === undefined ? call("contain") : `${call("scope")}${index}, `;
  const head = `${operation}${before}${node.async ? "async " : ""}() => `;
  if (index !== undefined) context.inner.push({ text: operation, offset: operation.length + start, of: node });
  const block = blockOf(node);
  if (block) wrapBlock(block, node, `return ${head}{`, `}${after}) `, redeclared, context);
  else if (node.body) {
    out.open(node.body.start, head, node);
    out.close(node.body.end, `${after})`, node);
  }
}

/**
 * What the parameters call is called in the scope, too. The outer parameters are there for what is outside: length, types, decorators.
 *
 *     async function f(x, y = g(x)) { BODY }
 *  →  async function f($p0, $p1 = void 0) { return $m().scope(3, () => (async (x, y = g(x)) => { BODY })(...arguments)) }
 *     (x, y = g(x)) => BODY
 *  →  ($p0, ...$a) => $m().scope(4, () => ((x, y = g(x)) => BODY)($p0, ...$a))
 */
function rewriteWithParameters({ node, index }: Scope, context: RewriteContext): void {
  const { out, call, names } = context;
  const opening = `${call("scope")}${index}, `;
  const head = `${opening}() => (${node.async ? "async " : ""}(`;
  for (const offset of [0, opening.length + "() => (".length]) context.inner.push({ text: opening, offset, of: node });
  const block = blockOf(node);
  if (node.type === "ArrowFunctionExpression") {
    const all = [...Array.from({ length: lengthOf(node) }, (_, i) => names.param(i)), `...${names.args}`].join(", ");
    splitParameters(node, all, `) => ${head}`, context);
    out.close(node.end, `)(${all}))`, node);
  } else if (block) {
    splitParameters(node, keptParameters(node, context), `) { return ${head}`, context);
    out.close(endOfHead(node, context), " =>", node);
    out.close(block.end, ")(...arguments)) }", node);
  }
}
