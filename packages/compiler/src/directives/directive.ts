import { closest, type TaskOptionsInfo } from "@perdure/protocol";
import { parseArguments, type Argument } from "./arguments.ts";
import { misspelt } from "./misspelt.ts";
import { report, type DirectiveProblem } from "./problem.ts";
import { duration, integer, readBackoff } from "./values.ts";
import { DIRECTIVE_KINDS, DIRECTIVE_WORDS, type DirectiveKind, type DirectiveWords } from "./words.ts";

export { DIRECTIVE_WORDS, type DirectiveKind, type DirectiveWords } from "./words.ts";

/** A part of an id template: literal text, or a placeholder with its offsets in the directive. */
export type IdPart = string | { readonly placeholder: string; readonly start: number; readonly end: number };

export type Directive =
  | { readonly kind: "task"; readonly options: TaskOptionsInfo | undefined }
  | { readonly kind: "workflow"; readonly id: readonly IdPart[] | undefined };

export interface DirectiveReading {
  /** The meaning of the text. If there are problems, its meaning without them. */
  readonly directive: Directive | undefined;
  readonly problems: readonly DirectiveProblem[];
  /** Whether it may be text for people that only begins like a directive. */
  readonly prose?: boolean;
}

/**
 *     directive = words [ ":" arguments ]
 *
 * Returns `undefined` if the text is neither a directive nor a misspelled one.
 */
export function readDirective(text: string, words: DirectiveWords = DIRECTIVE_WORDS): DirectiveReading | undefined {
  const colon = text.indexOf(":");
  const head = colon === -1 ? text : text.slice(0, colon);
  for (const kind of DIRECTIVE_KINDS) {
    if (head === words[kind]) return colon === -1 ? plain(kind) : withArguments(kind, text, colon + 1);
  }
  const wrong = misspelt(text, words);
  if (!wrong) return undefined;
  const { found, meant, prose } = wrong;
  const problem = { code: "DIRECTIVE_MISSPELT", params: { found, meant }, start: 0, end: found.length } as const;
  return { directive: undefined, problems: [problem], prose };
}

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

function readTask(args: readonly Argument[], found: DirectiveProblem[]): TaskOptionsInfo {
  const given = known(args, ["retries", "backoff", "timeout"], "task", found);
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
  const arg = known(args, ["id"], "workflow", found).get("id");
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
