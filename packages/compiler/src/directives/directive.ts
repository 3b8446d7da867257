import type { TaskOptionsInfo } from "@perdure/protocol";
import { parseArguments, type Argument } from "./arguments.ts";
import { report, type DirectiveProblem } from "./problem.ts";
import { closest, distance } from "./suggest.ts";
import { duration, integer, readBackoff } from "./values.ts";

export type DirectiveKind = "task" | "workflow";

/** The words that begin a directive. */
export interface DirectiveWords {
  readonly task: string;
  readonly workflow: string;
}

export const DIRECTIVE_WORDS: DirectiveWords = { task: "use task", workflow: "use workflow" };

/** A part of an id template: literal text, or a placeholder with its offsets in the directive. */
export type IdPart = string | { readonly placeholder: string; readonly start: number; readonly end: number };

export type Directive =
  | { readonly kind: "task"; readonly options: TaskOptionsInfo | undefined }
  | { readonly kind: "workflow"; readonly id: readonly IdPart[] | undefined };

export interface DirectiveReading {
  /** The meaning of the text. If there are problems, its meaning without them. */
  readonly directive: Directive | undefined;
  readonly problems: readonly DirectiveProblem[];
}

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

/**
 *     directive = words [ ":" arguments ]
 *
 * Returns `undefined` if the text is neither a directive nor a misspelled one.
 */
export function readDirective(text: string, words: DirectiveWords = DIRECTIVE_WORDS): DirectiveReading | undefined {
  const colon = text.indexOf(":");
  const head = colon === -1 ? text : text.slice(0, colon);
  for (const kind of ["task", "workflow"] as const) {
    if (head === words[kind]) return colon === -1 ? plain(kind) : withArguments(kind, text, colon + 1);
  }
  const meant = misspelled(head, words);
  if (meant === undefined) return undefined;
  const params = { found: head, meant: words[meant] };
  return { directive: undefined, problems: [{ code: "DIRECTIVE_MISSPELT", params, start: 0, end: head.length }] };
}

const fold = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .replace(/[ .;,!]+$/, "");

function misspelled(head: string, words: DirectiveWords): DirectiveKind | undefined {
  const folded = fold(head);
  if (foreign.has(folded) || head.length > 40) return undefined;
  for (const kind of ["task", "workflow"] as const) {
    const word = fold(words[kind]);
    if (folded.slice(0, 2) !== word.slice(0, 2)) continue;
    if (distance(folded, word) <= (word.length > 9 ? 2 : 1)) return kind;
  }
  return undefined;
}

/** The first letters of every directive, spelled correctly or not. A quick filter uses them to skip files without directives. */
export const directivePrefixes = (words: DirectiveWords = DIRECTIVE_WORDS): string[] => [
  ...new Set([fold(words.task).slice(0, 2), fold(words.workflow).slice(0, 2)]),
];

const plain = (kind: DirectiveKind): DirectiveReading => ({
  directive: kind === "task" ? { kind, options: undefined } : { kind, id: undefined },
  problems: [],
});

function withArguments(kind: DirectiveKind, text: string, from: number): DirectiveReading {
  const { args, problems } = parseArguments(text, from);
  const found: DirectiveProblem[] = [...problems];
  const directive: Directive =
    kind === "task" ? { kind, options: readTask(args, found) } : { kind, id: readWorkflow(args, found) };
  return { directive, problems: found };
}

function known<K extends string>(
  args: readonly Argument[],
  names: readonly K[],
  owner: DirectiveKind,
  found: DirectiveProblem[],
): Map<K, Argument> {
  const result = new Map<K, Argument>();
  for (const arg of args) {
    const name = names.find((each) => each === arg.name);
    if (name === undefined) {
      const params = { name: arg.name, owner: `a ${owner}`, known: names, suggestion: closest(arg.name, names) };
      report(found, "DIRECTIVE_ARGUMENT_UNKNOWN", params, arg);
    } else if (result.has(name)) report(found, "DIRECTIVE_ARGUMENT_DUPLICATE", { name }, arg);
    else result.set(name, arg);
  }
  return result;
}

/** The arguments of each directive. */
export const argumentNames = {
  task: ["retries", "backoff", "timeout"],
  workflow: ["id"],
} as const satisfies Record<DirectiveKind, readonly string[]>;

function readTask(args: readonly Argument[], found: DirectiveProblem[]): TaskOptionsInfo {
  const given = known(args, argumentNames.task, "task", found);
  const retries = integer(given.get("retries"), found);
  const backoff = readBackoff(given.get("backoff"), found);
  const timeout = duration(given.get("timeout"), found, "positive");
  return {
    ...(retries === undefined ? {} : { retries }),
    ...(backoff === undefined ? {} : { backoff }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

function readWorkflow(args: readonly Argument[], found: DirectiveProblem[]): readonly IdPart[] | undefined {
  const arg = known(args, argumentNames.workflow, "workflow", found).get("id");
  return arg && readTemplate(arg, found);
}

/** Parses `order-{order.id}`. `{{` and `}}` stand for literal braces. */
function readTemplate(arg: Argument, found: DirectiveProblem[]): readonly IdPart[] {
  const parts: IdPart[] = [];
  const pattern = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;
  const literal = (text: string): void => {
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = last + text;
    else parts.push(text);
  };
  for (const match of arg.value.matchAll(pattern)) {
    const [text, inner] = match;
    const start = arg.valueStart + match.index;
    if (inner !== undefined) parts.push({ placeholder: inner.trim(), start, end: start + text.length });
    else if (text === "{" || text === "}") {
      const params = { name: "id", value: arg.value, expected: 'text with placeholders, such as "order-{orderId}"' };
      report(found, "DIRECTIVE_ARGUMENT_INVALID", params, { start, end: start + 1 });
    } else literal(text === "{{" ? "{" : text === "}}" ? "}" : text);
  }
  if (arg.value === "") {
    report(found, "DIRECTIVE_ARGUMENT_INVALID", { name: "id", value: "", expected: "non-empty text" }, arg);
  }
  return parts;
}
