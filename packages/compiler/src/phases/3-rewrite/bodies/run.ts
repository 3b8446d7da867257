import { blockOf } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import { named, ownText, type RewriteContext } from "../text/context.ts";
import { endOfHead, keptParameters, splitParameters } from "./parameters.ts";

type Run = Extract<Edit, { kind: "run" }>;

/**
 * The parameters become those of an inner arrow, so that the body can be called with decoded values, and again.
 *
 *     async function f(a, b = 1) { BODY }
 *  →  async function f(...$a) { return $m().task(0, $a, { f: async (a, b = 1) => { BODY } }.f) }
 *     async (x) => { BODY }
 *  →  async (...$a) => $m().task(0, $a, async (x) => { BODY })
 *
 * Where there may be several function objects, the call says which of them it is.
 *
 *     async () => { BODY }  →  async (...$a) => $m().task(0, $a, async () => { BODY }, $o)
 *
 * A body that reads `arguments` is that of an ordinary function: an arrow would see those of the outer one, which
 * are not what a retry or a replay is given.
 *
 *     async function f(a) { arguments }
 *  →  async function f(...$a) { return $m().task(0, $a, { f: async function (a) { arguments } }.f.bind(this)) }
 */
export function rewriteRun(edit: Run, context: RewriteContext): void {
  if (edit.node.type === "ArrowFunctionExpression") rewriteArrow(edit, context);
  else rewriteFunction(edit, context);
}

const callOf = ({ as, index }: Run, { call }: RewriteContext, args: string): string => `${call(as)}${index}, ${args}, `;

function callEnd({ own, instance }: Run, context: RewriteContext): string {
  const text = own && ownText(own, context);
  return `${instance ? `, ${text ?? "undefined"}, this` : text === undefined ? "" : `, ${text}`})`;
}

function rewriteArrow(edit: Run, context: RewriteContext): void {
  const { node } = edit;
  const { out, names, parsed } = context;
  const first = node.params[0];
  const paren = parsed.find("(", node.typeParameters?.end ?? node.start);
  const isBare = first !== undefined && first.start < paren;
  const { before, after, start } = named(edit.label);
  const opening = callOf(edit, context, names.args);
  const head = `...${names.args}) => ${opening}${before}async `;
  context.inner.push({ text: opening, offset: opening.length + start, of: node });
  if (isBare) out.open(first.start, `(${head}`, node);
  else out.open(paren + 1, `${head}(`, node);
  out.close(node.end, `${after}${callEnd(edit, context)}`, node);
}

function rewriteFunction(edit: Run, context: RewriteContext): void {
  const { node } = edit;
  const { out, names } = context;
  const block = blockOf(node);
  if (!block) return;
  // a function with a rest parameter must not say "use strict": where the body does, the outer one reads `arguments`
  const strict = block.body.some((each) => "directive" in each && each.directive === "use strict");
  const params = edit.keepsParameters ? keptParameters(node, context) : strict ? "" : `...${names.args}`;
  const args = edit.keepsParameters || strict ? "[...arguments]" : names.args;
  const { head, start, tail } = innerFunction(edit, context);
  const opening = callOf(edit, context, args);
  // an arrow has no place of its own in the source maps of some tools, but that of the call around it
  if (edit.inner !== "arrow") context.inner.push({ text: opening, offset: 0, of: node });
  context.inner.push({ text: opening, offset: opening.length + start, of: node });
  splitParameters(node, params, `) { ${strict ? `"use strict"; ` : ""}return ${opening}${head}`, context);
  if (edit.inner === "arrow") out.close(endOfHead(node, context), " =>", node);
  out.close(block.end, `${tail}${callEnd(edit, context)} }`, node);
}

/**
 * An arrow has the `arguments` of the function around it, which are not those that the body is called with. `start`: where that with the body begins in `head`.
 *
 *     async (…) => { BODY }
 *     (...$a) => (async function (…) { BODY }.apply(this, $a))
 *     (...$a) => ({ __proto__: SUPER, async $f(…) { BODY } }).$f.apply(this, $a)
 */
function innerFunction(
  { inner, label }: Run,
  { names, superObject }: RewriteContext,
): { readonly head: string; readonly start: number; readonly tail: string } {
  const { args, fn } = names;
  const { before, after, start } = named(label);
  if (inner === "arrow") return { head: `${before}async (`, start, tail: after };
  const outer = `(...${args}) => (`;
  if (inner === "function")
    return {
      head: `${outer}${before}async function (`,
      start: outer.length + start,
      tail: `${after}.apply(this, ${args}))`,
    };
  const object = `${outer}{ __proto__: ${superObject}, `;
  return { head: `${object}async ${fn}(`, start: object.length, tail: ` }).${fn}.apply(this, ${args})` };
}
