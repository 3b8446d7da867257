import { closest, type ScheduleInfo, type TaskOptionsInfo } from "@perdure/protocol";
import { parseArguments, type Argument } from "./arguments.ts";
import { flowNames, readFlow, type Flow } from "./flow.ts";
import { misspelt } from "./misspelt.ts";
import { report, type DirectiveProblem } from "./problem.ts";
import { readSchedule, scheduleNames } from "./schedule.ts";
import { readTemplate, type IdPart } from "./template.ts";
import { duration, integer, readBackoff, readName } from "./values.ts";
import { DIRECTIVE_KINDS, DIRECTIVE_WORDS, type DirectiveKind, type DirectiveWords } from "./words.ts";

export { DIRECTIVE_WORDS, type DirectiveKind, type DirectiveWords } from "./words.ts";

interface OfBoth {
  /** The name in ids, in the manifest and in the store, if it is not to be that of the function. */
  readonly name?: string;
  readonly flow?: Flow;
}

interface TaskDirective extends OfBoth {
  readonly kind: "task";
  readonly options: TaskOptionsInfo | undefined;
}

interface WorkflowDirective extends OfBoth {
  readonly kind: "workflow";
  readonly id: readonly IdPart[] | undefined;
  /** How long a run may take, in milliseconds. */
  readonly timeout?: number;
  readonly schedule?: ScheduleInfo;
}

export type Directive = TaskDirective | WorkflowDirective;

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
  return { directive: kind === "task" ? readTask(args, found) : readWorkflow(args, found), problems: found };
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
  task: ["retries", "backoff", "timeout", ...flowNames, "name"],
  workflow: ["id", "timeout", ...flowNames, "hold", ...scheduleNames, "name"],
} as const satisfies Record<DirectiveKind, readonly string[]>;

function readTask(args: readonly Argument[], found: DirectiveProblem[]): Directive {
  const given = known(args, argumentNames.task, "task", found);
  const retries = integer(given.get("retries"), found);
  const backoff = readBackoff(given.get("backoff"), found);
  const timeout = duration(given.get("timeout"), found, "positive");
  const options = {
    ...(retries !== undefined && { retries }),
    ...(backoff !== undefined && { backoff }),
    ...(timeout !== undefined && { timeout }),
  };
  return { kind: "task", options: Object.keys(options).length === 0 ? undefined : options, ...ofBoth(given, found) };
}

function readWorkflow(args: readonly Argument[], found: DirectiveProblem[]): Directive {
  const given = known(args, argumentNames.workflow, "workflow", found);
  const id = given.get("id");
  const timeout = duration(given.get("timeout"), found, "positive");
  const schedule = readSchedule(given, found);
  return {
    kind: "workflow",
    id: id && readTemplate(id, found),
    ...(timeout !== undefined && { timeout }),
    ...(schedule !== undefined && { schedule }),
    ...ofBoth(given, found),
  };
}

function ofBoth(given: ReadonlyMap<string, Argument>, found: DirectiveProblem[]): OfBoth {
  const name = readName(given.get("name"), found);
  const flow = readFlow(given, found);
  return { ...(name !== undefined && { name }), ...(flow !== undefined && { flow }) };
}
