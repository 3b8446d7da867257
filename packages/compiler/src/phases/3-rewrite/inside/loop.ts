import type { Node } from "oxc-parser";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import type { RewriteContext } from "../text/context.ts";

/**
 *     for (const x of xs) BODY
 *  →  { const $l = $m().loop(0); try { for (const x of xs) { $l.next(); BODY } } finally { $l.end() } }
 *     while (test) BODY       →  … while ($l.next(), test) BODY …
 *     for (init; test; step)  →  … for (init; $l.next(), test; step) …
 *     do BODY while (test)    →  … do { $l.next(); BODY } while (test) …
 */
export function rewriteLoop(
  { node, start, index, leftInside }: Extract<Edit, { kind: "loop" }>,
  context: RewriteContext,
): void {
  const { out, names, parsed, call } = context;
  const name = names.loop(index);
  const around = { start, end: node.end };
  const next = `${name}.next()`;
  if (node.type === "WhileStatement") out.open(node.test.start, `${next}, `, node);
  else if (node.type === "ForStatement") {
    const afterInit = parsed.find(";", node.init?.end ?? node.start) + 1;
    if (node.test) out.open(node.test.start, `${next}, `, node);
    else out.open(afterInit, ` ${next}`, node);
  } else if (leftInside && (node.type === "ForOfStatement" || node.type === "ForInStatement"))
    moveLeft(node, names.item(index), next, context);
  else if (node.body.type === "BlockStatement") out.open(node.body.start + 1, ` ${next};`, node);
  else {
    out.open(node.body.start, `{ ${next}; `, node);
    out.close(node.body.end, " }", node);
  }
  out.open(start, `{ const ${name} = ${call("loop")}${index}); try { `, around);
  out.close(node.end, ` } finally { ${name}.end() } }`, around);
}

/**
 *     for (const { a = f() } of xs) BODY
 *  →  for (const $i of xs) { $l.next(); const { a = f() } = $i; BODY }
 */
function moveLeft(
  node: Extract<Node, { type: "ForOfStatement" | "ForInStatement" }>,
  item: string,
  next: string,
  { out }: RewriteContext,
): void {
  const { left, body } = node;
  const [open, close] = left.type === "VariableDeclaration" ? ["", ""] : ["(", ")"];
  out.close(left.start, `const ${item}`, node);
  out.close(body.start, `{ ${next}; ${open}`, node);
  out.move(left, body.start);
  out.close(left.end, ` = ${item}${close}; `, node);
  out.close(body.end, " }", node);
}
