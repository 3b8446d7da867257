import { checkMessages } from "./check-messages.ts";
import { define, type Entry } from "./entry.ts";

export type { Severity } from "./entry.ts";

const meant = (word: string | undefined): string => (word === undefined ? "" : `did you mean "${word}"? `);
const list = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? "none") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

interface Impure {
  readonly workflow: string;
  /** What is used, with its place when that is in another file. */
  readonly name: string;
  /** The functions by which the workflow comes to it. */
  readonly through: readonly string[];
}

const via = ({ through }: Impure): string => (through.length === 0 ? "" : ` (through ${through.join(" → ")})`);

/** Everything the compiler says about a program. The golden test quotes each. */
export const diagnosticMessages = {
  PARSE_ERROR: define("error", (p: { detail: string }) => ({
    text: `this file may hold a directive but cannot be parsed: ${p.detail}`,
    hint: "correct the syntax, or exclude the file from the plugin",
  })),
  DIRECTIVE_MISSPELT: define("error", (p: { found: string; meant: string }) => ({
    text: `"${p.found}" is not a directive`,
    hint: `did you mean "${p.meant}"?`,
  })),
  DIRECTIVE_MISPLACED: define("error", (p: { directive: string; of: "file" | "code" }) =>
    p.of === "code"
      ? {
          text: `"${p.directive}" has no effect here`,
          hint: "make it the first statement of an async function's body, or of the file to apply it to every exported function",
        }
      : {
          text: `"${p.directive}" at the top of a file applies to what the file exports, and this one exports nothing`,
          hint: "put it into each function instead, or export the functions (module.exports does not count)",
        },
  ),
  DIRECTIVE_DUPLICATE: define("error", (p: { directive: string }) => ({
    text: `"${p.directive}" stands here twice`,
    hint: "remove one of the two",
  })),
  DIRECTIVE_CONFLICT: define("error", (p: { first: string; second: string }) => ({
    text: `a function cannot have both "${p.first}" and "${p.second}"`,
    hint: "remove one, or move the work of the task into a function of its own that the workflow calls",
  })),
  DIRECTIVE_SYNTAX: define("error", (p: { found: string }) => ({
    text: p.found === "" ? "an argument is missing here" : `"${p.found}" is not an argument`,
    hint: "write arguments as name=value, separated by commas, after a colon",
  })),
  DIRECTIVE_ARGUMENT_UNKNOWN: define(
    "error",
    (p: { name: string; owner: string; known: readonly string[]; suggestion: string | undefined }) => ({
      text: p.name === "" ? `${p.owner} takes named arguments only` : `${p.owner} has no argument "${p.name}"`,
      hint: `${p.name === "" ? "write name=value: " : meant(p.suggestion)}${p.owner} takes ${list(p.known)}`,
    }),
  ),
  DIRECTIVE_ARGUMENT_INVALID: define("error", (p: { name: string; value: string; expected: string }) => ({
    text: `${p.name}=${p.value === "" ? "(nothing)" : p.value} is not valid`,
    hint: `${p.name} is ${p.expected}`,
  })),
  DIRECTIVE_ARGUMENT_MISSING: define("error", (p: { owner: string; name: string }) => ({
    text: `${p.owner} needs the argument "${p.name}"`,
    hint: `put ${p.name}=… into the parentheses of ${p.owner}`,
  })),
  DIRECTIVE_ARGUMENT_DUPLICATE: define("error", (p: { name: string }) => ({
    text: `the argument "${p.name}" is given twice`,
    hint: "remove one of the two",
  })),
  PLACEHOLDER_UNKNOWN: define(
    "error",
    (p: { placeholder: string; name: string; known: readonly string[]; suggestion: string | undefined }) => ({
      text: `{${p.placeholder}} names no parameter of ${p.name}`,
      hint:
        p.known.length === 0
          ? `${p.name} has no parameters: remove the placeholder, or add the parameter`
          : `${meant(p.suggestion)}its ${p.known.length === 1 ? "only parameter is" : "parameters are"} ${list(p.known)}`,
    }),
  ),
  TASK_NOT_ASYNC: define("error", (p: { name: string }) => ({
    text: `${p.name} is a task but not an async function`,
    hint: `write "async" in front of it: the result of a task is read from a store`,
  })),
  TASK_IS_GENERATOR: define("error", (p: { name: string }) => ({
    text: `${p.name} is a task but a generator: what it yields cannot be recorded as one result`,
    hint: "return an array, or make each item a task call of its own",
  })),
  WORKFLOW_NOT_ASYNC: define("error", (p: { name: string }) => ({
    text: `${p.name} is a workflow but not an async function`,
    hint: `write "async" in front of it: a workflow waits for its steps`,
  })),
  WORKFLOW_IS_GENERATOR: define("error", (p: { name: string }) => ({
    text: `${p.name} is a workflow but a generator: a run has one result`,
    hint: "return the result, and yield from a helper that the workflow calls",
  })),
  PLACE_UNSUPPORTED: define("error", (p: { directive: string; place: string; advice: string }) => ({
    text: `${p.place} cannot be "${p.directive}"`,
    hint: p.advice,
  })),
  DIRECTIVE_CONTINUED: define("error", (p: { directive: string }) => ({
    text: `"${p.directive}" is no directive here: the next line goes on with it`,
    hint: "put a semicolon behind it",
  })),
  COMPILED_IN_PART: define("error", (p: { directive: string }) => ({
    text: `this file has been compiled already, and holds "${p.directive}" in code that has not: it would run without a single checkpoint`,
    hint: "add the plugin to the build that made this file, or exclude the uncompiled code from it",
  })),
  MODULE_EXPORT_NOT_ASYNC: define("error", (p: { name: string; directive: string; from: "here" | "elsewhere" }) => ({
    text: `the export "${p.name}" ${p.from === "here" ? "is not an async function" : "comes from another file"}, but "${p.directive}" at the top of the file applies to every export`,
    hint: `${p.from === "here" ? "make it an async function, move it to" : "export it from"} another file, or put the directive into each function instead`,
  })),
  WORKFLOW_NAME_SHARED: define("warning", (p: { name: string; directive: string }) => ({
    text: `another "${p.directive}" in this file is also called ${p.name}: a process that takes up a run by that name cannot tell which of them it is`,
    hint: "give each a name of its own; until then their runs are resumed by calling them only",
  })),
  DIRECTIVE_WORDS_SHARED: define("warning", (p: { directive: string; tool: string }) => ({
    text: `"${p.directive}" is also the directive of ${p.tool}, which would compile this file too`,
    hint: `give Perdure words of its own: the plugin's option directives: { workflow: "use durable workflow" }`,
  })),
  UNAWAITED_CALL: define("warning", (p: { name: string }) => ({
    text: `nobody waits for ${p.name}(): the workflow may end before it does, and its error is lost`,
    hint: "put await in front of it, or void if that is meant",
  })),
  WORKFLOW_IO: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)}: what it gives is not recorded, and every replay does it again`,
    hint: 'move it into an async function with "use task", and await that',
  })),
  WORKFLOW_TIMER: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)}: the wait is not recorded, and begins again in every replay`,
    hint: 'wait with sleep() from "perdure", or in a task',
  })),
  WORKFLOW_ENVIRONMENT: define("warning", (p: Impure) => ({
    text: `${p.workflow} reads ${p.name}${via(p)}: it may be something else where the run is resumed`,
    hint: "pass it to the workflow as an argument, or read it in a task",
  })),
  WORKFLOW_CLOCK: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)}: no replay gets the same from it`,
    hint: "call Date.now(), new Date(), performance.now(), Math.random(), crypto.randomUUID() or crypto.getRandomValues() where the value is needed (these are replayed), or use a task",
  })),
  WORKFLOW_STATE: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses the module's variable ${p.name}${via(p)}, which functions change: a replay in another process finds it as it was at first`,
    hint: "keep what the run needs in variables of the workflow, and what is shared behind tasks",
  })),
  TASK_CHANGES_ARGUMENT: define("warning", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} changes its argument "${p.name}" in place: the caller never sees it, since a task gets a copy and is not run again in a replay`,
    hint: "return the changed value, and use the result where the task is called",
  })),
  TASK_CHANGES_CAPTURED: define("warning", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} changes "${p.name}" in place, which lives outside of it: on replay the task does not run and the change is lost`,
    hint: "return what is new from the task, and put it in where the task is called",
  })),
  TASK_WRITES_CAPTURED: define("error", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} assigns to "${p.name}", which lives outside of it: on replay the task does not run and the assignment is lost`,
    hint: "return the value from the task and assign it where the task is called",
  })),
  BROWSER_IMPORT: define("error", (p: { file: string; what: "workflows" | "tasks"; chain: readonly string[] }) => ({
    text: `${p.file} has ${p.what} and is ${p.chain.length < 2 ? "an entry of a build for browsers" : `imported by browser code: ${p.chain.join(" → ")}`}`,
    hint: 'call it on the server (an endpoint, a server action) and import no more than its types here: import type { … }; a build that is meant for a server has to name it as its platform or target ("node")',
  })),
  DIRECTIVE_LOST: define("error", (p: { file: string }) => ({
    text: `${p.file} has directives, but another plugin or loader has changed or loaded the file before Perdure, which saw none of them`,
    hint: "let Perdure go first: put it before the other one in the list of plugins; minify the output, not the sources",
  })),
  ...checkMessages,
} satisfies Record<string, Entry<never>>;

export type DiagnosticCode = keyof typeof diagnosticMessages;
export type DiagnosticParams<C extends DiagnosticCode> = Parameters<(typeof diagnosticMessages)[C]["make"]>[0];

/** The codes of warnings, which a project may turn off or raise to errors. */
export type WarningCode = {
  [C in DiagnosticCode]: (typeof diagnosticMessages)[C]["severity"] extends "error" ? never : C;
}[DiagnosticCode];

/** The codes that the text of a directive alone can earn. */
export type DirectiveCode =
  | "DIRECTIVE_MISSPELT"
  | "DIRECTIVE_SYNTAX"
  | "DIRECTIVE_ARGUMENT_UNKNOWN"
  | "DIRECTIVE_ARGUMENT_INVALID"
  | "DIRECTIVE_ARGUMENT_MISSING"
  | "DIRECTIVE_ARGUMENT_DUPLICATE";
