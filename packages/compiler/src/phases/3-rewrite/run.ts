import { blockOf, isThisParam } from "../../ast.ts";
import type { Edit } from "../2-analyze/plan.ts";
import type { RewriteContext } from "./context.ts";

type Run = Extract<Edit, { kind: "run" }>;

/**
 * The parameters become those of an inner arrow, so that the body can be called with decoded values, and again.
 *
 *     async function f(a, b = 1) { BODY }
 *  →  async function f(...$a) { return $m().task(0, $a, async (a, b = 1) => { BODY }) }
 *     async (x) => { BODY }
 *  →  async (...$a) => $m().task(0, $a, async (x) => { BODY })
 *
 * A body that reads `arguments` is that of an ordinary function: an arrow would see those of the outer one, which
 * are not what a retry or a replay is given.
 *
 *     async function f(a) { arguments }
 *  →  async function f(...$a) { return $m().task(0, $a, async function (a) { arguments }.bind(this)) }
 */
export function rewriteRun(edit: Run, context: RewriteContext): void {
  if (edit.node.type === "ArrowFunctionExpression") rewriteArrow(edit, context);
  else rewriteFunction(edit, context);
}

const innerCall = ({ as, index, ordinary }: Run, { call }: RewriteContext, args: string): string => `${call(as)}${index}, ${args}, async ${ordinary ? "function " : ""}`;

function rewriteArrow(edit: Run, context: RewriteContext): void {
  const { node } = edit;
  const { out, names, parsed } = context;
  const first = node.params[0];
  const paren = parsed.find("(", node.typeParameters?.end ?? node.start);
  const isBare = first !== undefined && first.start < paren;
  if (isBare) out.open(first.start, `(...${names.args}) => ${innerCall(edit, context, names.args)}`, node);
  else out.open(paren + 1, `...${names.args}) => ${innerCall(edit, context, names.args)}(`, node);
  out.close(node.end, ")", node);
}

function rewriteFunction(edit: Run, context: RewriteContext): void {
  const { node } = edit;
  const { out, names, parsed } = context;
  const block = blockOf(node);
  if (!block) return;
  // a function with a rest parameter must not say "use strict": where the body does, the outer one reads `arguments`
  const strict = block.body.some((each) => "directive" in each && each.directive === "use strict");
  const param = strict ? "" : `...${names.args}`;
  const head = strict ? `) { "use strict"; return ${innerCall(edit, context, "[...arguments]")}(` : `) { return ${innerCall(edit, context, names.args)}(`;
  const first = node.params[0];
  if (first && isThisParam(first)) {
    // TypeScript's `this` parameter stays outside
    const comma = parsed.skip(first.end);
    const follows = parsed.source[comma] === ",";
    out.open(follows ? comma + 1 : first.end, `${follows ? " " : strict ? "" : ", "}${param}${head}`, node);
  } else out.open(parsed.find("(", node.typeParameters?.end ?? node.id?.end ?? node.start) + 1, `${param}${head}`, node);
  if (!edit.ordinary) out.open(block.start, "=> ", node);
  out.close(block.end, edit.ordinary ? ".bind(this)) }" : ") }", node);
}
