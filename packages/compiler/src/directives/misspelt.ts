import { distance } from "@perdure/protocol";
import { DIRECTIVE_KINDS, type DirectiveKind, type DirectiveWords } from "./words.ts";

/** Directives of other tools. Some differ from ours in one letter. */
const foreign = new Set([
  "use strict",
  "use client",
  "use server",
  "use cache",
  "use memo",
  "use step",
  "use asm",
  "use gpu",
]);

/** A text that begins like a directive and is none. */
export interface Misspelt {
  /** The part of the text that is wrong, from its start. */
  readonly found: string;
  /** The directive that was probably meant. */
  readonly meant: string;
  /** Whether it is followed by words that are not arguments: then it may be text for people. */
  readonly prose: boolean;
}

/**
 * Whether the text begins with the words of a directive, spelled correctly or almost, and no letter follows: `use task; retries=1`,
 * `Use  Task`, `use tasks(retries=1)`. White space of any kind, signs and digits separate words.
 */
export function misspelt(text: string, words: DirectiveWords): Misspelt | undefined {
  const meant = meantBy(text, words);
  if (!meant) return undefined;
  const { kind, end } = meant;
  const colon = text.indexOf(":", end);
  const head = colon === -1 ? text : text.slice(0, colon);
  const rest = text.slice(end);
  if (!/[\p{L}\p{N}]/u.test(head.slice(end))) return { found: head, meant: words[kind], prose: false };
  const open = /^[^\p{L}\p{N}]*/u.exec(rest)?.[0] ?? "";
  const args = rest.slice(open.length).replace(open.includes("(") ? /\)[^)]*$/ : /[\s;.!]+$/, "");
  const hasArguments = args.includes("=");
  return { found: text, meant: hasArguments ? `${words[kind]}: ${args}` : words[kind], prose: !hasArguments };
}

function meantBy(
  text: string,
  words: DirectiveWords,
): { readonly kind: DirectiveKind; readonly end: number } | undefined {
  const tokens = [...text.matchAll(/\p{L}+/gu)];
  const begins = (count: number): string =>
    tokens
      .slice(0, count)
      .map(([token]) => token.toLowerCase())
      .join(" ");
  for (const kind of DIRECTIVE_KINDS) {
    const word = fold(words[kind]);
    const length = word.split(" ").length;
    // one word more or less: `use work flow`, `useTask`
    for (const count of [length, length - 1, length + 1]) {
      const last = tokens[count - 1];
      if (!last || tokens.length < count || foreign.has(begins(count))) continue;
      if (isNear(begins(count), word)) return { kind, end: last.index + last[0].length };
    }
  }
  return undefined;
}

const isNear = (found: string, word: string): boolean =>
  found.slice(0, 2) === word.slice(0, 2) && distance(found, word) <= (word.length > 9 ? 2 : 1);

const fold = (text: string): string =>
  [...text.matchAll(/\p{L}+/gu)]
    .map(([token]) => token)
    .join(" ")
    .toLowerCase();

/** The first letters of every directive, spelled correctly or not. A quick filter uses them to skip files without directives. */
export const directivePrefixes = (words: DirectiveWords): string[] => [
  ...new Set(DIRECTIVE_KINDS.map((kind) => fold(words[kind]).slice(0, 2))),
];
