import type { Node } from "oxc-parser";
import { afterPrologue } from "../text/block.ts";
import type { RewriteContext } from "../text/context.ts";

/** A `var` of a parameter's name is the parameter itself: inside of the inner function it starts with its value. */
export function wrapBlock(
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
