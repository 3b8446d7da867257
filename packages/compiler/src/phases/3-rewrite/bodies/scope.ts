import type { Node } from "oxc-parser";
import { blockOf, lengthOf } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import { afterPrologue, impliedSemicolon } from "../text/block.ts";
import { named, type RewriteContext } from "../text/context.ts";
import { endOfHead, keptParameters, splitParameters } from "./parameters.ts";

type Scope = Extract<Edit, { kind: "scope" }>;
type Generator = Extract<Edit, { kind: "generator" }>;

/**
 *     async function f(x) { BODY }  →  async function f(x) { return $m().scope(3, { f: async () => { BODY } }.f) }
 *     (i) => ship(i)                →  (i) => $m().scope(4, () => ship(i))
 */
export function rewriteScope(edit: Scope, context: RewriteContext): void {
  const { node, index, label, redeclared } = edit;
  if (edit.parameters) return rewriteWithParameters(edit, context);
  const { out, call } = context;
  const { before, after } = named(label);
  const head = `${call("scope")}${index}, ${before}${node.async ? "async " : ""}() => `;
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
  const head = `${call("scope")}${index}, () => (${node.async ? "async " : ""}(`;
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
  const { before, after } = named(label);
  const [head, tail] = usesSuper
    ? [`{ __proto__: ${superObject}, ${async}*${names.fn}() {`, `} }.${names.fn}.apply(this, arguments)) `]
    : [`${before}${async}function* () {`, `}${after}.apply(this, arguments)) `];
  wrapBlock(block, node, `return yield* ${call("generator")}${index}, ${head}`, tail, redeclared, context);
  for (const each of yields) {
    out.open(each.start, `${call("back")}${call("here")}), `, each);
    out.close(each.end, `)${impliedSemicolon(each.end, parsed)}`, each);
  }
}

/** A `var` of a parameter's name is the parameter itself: inside of the inner function it starts with its value. */
function wrapBlock(
  block: Node,
  node: Node,
  head: string,
  tail: string,
  redeclared: readonly string[],
  { out, names, parsed }: RewriteContext,
): void {
  const kept = redeclared.map((name, i) => `const ${names.param(i)} = ${name}; `).join("");
  const restored = redeclared.map((name, i) => ` var ${name} = ${names.param(i)};`).join("");
  const { at, separator } = afterPrologue(block, parsed);
  out.open(at, `${separator} ${kept}${head}${restored}`, node);
  out.close(block.end - 1, tail, node);
}
