import type { Node } from "oxc-parser";
import type { Parsed } from "../../1-parse/parse.ts";

/**
 * An arrow or a `yield` that ends at `end` cannot be continued on the next line, but a call around it can: the semicolon
 * that was implied there has to be written.
 */
export const impliedSemicolon = (end: number, { source, skip }: Parsed): string =>
  continuesCall.test(source.slice(skip(end), skip(end) + 11)) ? ";" : "";

/** `in` and `instanceof` can begin a class member. */
const continuesCall = /^(?:[([`+\-*/<]|in(?:stanceof)?\b)/;

/** Where statements can be put at the start of a block, behind its directives, and what has to stand before them. */
export function afterPrologue(
  block: Node,
  { source, find }: Parsed,
): { readonly at: number; readonly separator: string } {
  // a switch without tests has one case
  if (block.type === "SwitchStatement") return { at: block.cases[0]?.consequent[0]?.start ?? block.end, separator: "" };
  const statements =
    block.type === "BlockStatement" || block.type === "TSModuleBlock" || block.type === "StaticBlock" ? block.body : [];
  let last: Node | undefined;
  for (const each of statements) {
    if (each.type !== "ExpressionStatement" || typeof each.directive !== "string") break;
    last = each;
  }
  if (!last) return { at: find("{", block.start) + 1, separator: "" };
  return { at: last.end, separator: source[last.end - 1] === ";" ? "" : ";" };
}

/** The last character before `offset` that is neither white space nor in a comment. */
export function lastBefore(offset: number, { source, comments }: Parsed): string | undefined {
  const startOfComment = new Map(comments.map(({ start, end }) => [end, start]));
  let at = offset;
  for (;;) {
    const start = startOfComment.get(at);
    if (start !== undefined) at = start;
    else if (at > 0 && /[\s\uFEFF]/.test(source[at - 1] ?? "")) at--;
    else return source[at - 1];
  }
}
