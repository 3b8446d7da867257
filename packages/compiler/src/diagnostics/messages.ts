import { checkMessages } from "./check-messages.ts";
import { define, type Entry } from "./entry.ts";

export type { Severity } from "./entry.ts";

const meant = (word: string | undefined): string => (word === undefined ? "" : `did you mean "${word}"? `);
const quoted = (names: readonly string[]): readonly string[] => names.map((name) => `"${name}"`);
const list = (words: readonly string[], last: "and" | "or" = "and"): string =>
  words.length < 2 ? (words[0] ?? "none") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;

interface Impure {
  readonly workflow: string;
  /** The name of what is used, followed by its location if that is in another file. */
  readonly name: string;
  /** The chain of calls from the workflow to the use. */
  readonly through: readonly string[];
}

const via = ({ through }: Impure): string => (through.length === 0 ? "" : ` (through ${through.join(" → ")})`);

/** All messages of the compiler. A golden test quotes each one. */
export const diagnosticMessages = {
  PARSE_ERROR: define("error", (p: { detail: string }) => ({
    text: `this file may contain a directive but cannot be parsed: ${p.detail}`,
    hint: "correct the syntax, or exclude the file from the plugin",
  })),
  DIRECTIVE_MISSPELT: define("error", (p: { found: string; meant: string }) => ({
    text: `"${p.found}" is not a directive`,
    hint: `did you mean "${p.meant}"?`,
  })),
  DIRECTIVE_MISPLACED: define("error", (p: { directive: string; of: "file" | "code" | "template" }) =>
    p.of === "file"
      ? {
          text: `"${p.directive}" at the top of a file applies to the exports of the file, but this file exports nothing`,
          hint: "put the directive into each function, or export the functions with the export keyword (module.exports does not count)",
        }
      : {
          text: `"${p.directive}" has no effect ${p.of === "template" ? "in a template literal" : "here"}`,
          hint: `make it ${p.of === "template" ? "a string in quotes (id= takes {name}, without $), and " : ""}the first statement of an async function's body, or of the file to apply it to every exported function`,
        },
  ),
  DIRECTIVE_DUPLICATE: define("error", (p: { directive: string }) => ({
    text: `"${p.directive}" appears twice`,
    hint: "remove one of the two",
  })),
  DIRECTIVE_CONFLICT: define("error", (p: { first: string; second: string }) => ({
    text: `a function cannot have both "${p.first}" and "${p.second}"`,
    hint: "remove one, or move the work of the task into a separate function that the workflow calls",
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
  DIRECTIVE_ARGUMENT_INVALID: define(
    "error",
    (p: { name: string; value: string; expected: string; meant?: string | undefined }) => ({
      text: `${p.name}=${p.value === "" ? "(nothing)" : p.value} is not valid`,
      hint: `${p.name} must be ${p.expected}`,
    }),
  ),
  DIRECTIVE_ARGUMENT_MISSING: define("error", (p: { owner: string; needed: readonly string[]; advice: string }) => ({
    text: `${p.owner} needs the argument ${list(quoted(p.needed), "or")}`,
    hint: p.advice,
  })),
  DIRECTIVE_ARGUMENTS_CONFLICT: define("error", (p: { names: readonly string[]; beside: string; advice: string }) => ({
    text: `${list(quoted(p.names))} cannot stand beside "${p.beside}"`,
    hint: p.advice,
  })),
  DIRECTIVE_ARGUMENT_DUPLICATE: define("error", (p: { name: string }) => ({
    text: `the argument "${p.name}" is given twice`,
    hint: "remove one of the two",
  })),
  PLACEHOLDER_UNKNOWN: define(
    "error",
    (p: { placeholder: string; name: string; known: readonly string[]; suggestion: string | undefined }) => ({
      text: `{${p.placeholder}} does not match a parameter of ${p.name}`,
      hint:
        p.known.length === 0
          ? `${p.name} has no parameters: remove the placeholder, or add the parameter`
          : `${meant(p.suggestion)}its ${p.known.length === 1 ? "only parameter is" : "parameters are"} ${list(p.known)}`,
    }),
  ),
  PLACEHOLDER_FORMAT: define("error", (p: { placeholder: string; problem: string }) => ({
    text: `{${p.placeholder}} has no valid date format: ${p.problem}`,
    hint: "after the colon, write yyyy, mm (month), dd, hh, mi (minute) and ss, each at most once, with signs between them: {day:yyyy-mm-dd}",
  })),
  NAME_NOT_UNIQUE: define("error", (p: { name: string; other: string }) => ({
    text: `name=${p.name} is not unique: ${p.other} in this file has the same name in step ids`,
    hint: "give one of them another name; a name that recorded runs have belongs to the function that continues them",
  })),
  TASK_NOT_ASYNC: define("error", (p: { name: string; asyncAt: number | undefined }) => ({
    text: `the task ${p.name} is not an async function`,
    hint: `add "async" to the function: the result of a task is read from the store`,
  })),
  TASK_IS_GENERATOR: define("error", (p: { name: string }) => ({
    text: `the task ${p.name} is a generator: its yielded values cannot be recorded as one result`,
    hint: "return an array, or make each item a separate task call",
  })),
  WORKFLOW_NOT_ASYNC: define("error", (p: { name: string; asyncAt: number | undefined }) => ({
    text: `the workflow ${p.name} is not an async function`,
    hint: `add "async" to the function: a workflow waits for its steps`,
  })),
  WORKFLOW_IS_GENERATOR: define("error", (p: { name: string }) => ({
    text: `the workflow ${p.name} is a generator: a run has only one result`,
    hint: "return the result, and yield from a helper that the workflow calls",
  })),
  PLACE_UNSUPPORTED: define("error", (p: { directive: string; place: string; advice: string }) => ({
    text: `${p.place} cannot contain "${p.directive}"`,
    hint: p.advice,
  })),
  DIRECTIVE_CONTINUED: define("error", (p: { directive: string }) => ({
    text: `"${p.directive}" is not a directive here: the next line continues the expression`,
    hint: "add a semicolon after it",
  })),
  COMPILED_IN_PART: define("error", (p: { directive: string }) => ({
    text: `this file is already compiled, but contains "${p.directive}" in code that is not: that code would run without checkpoints`,
    hint: "add the plugin to the build that produced this file, or leave the uncompiled code out of the file",
  })),
  MODULE_EXPORT_NOT_ASYNC: define(
    "error",
    (p: { name: string; directive: string; from: "here" | "elsewhere"; asyncAt: number | undefined }) => ({
      text: `the export "${p.name}" ${p.from === "here" ? "is not an async function" : "comes from another file"}, but "${p.directive}" at the top of the file applies to every export`,
      hint: `${p.from === "here" ? "make it an async function, move it to" : "export it from"} another file, or put the directive into each function instead`,
    }),
  ),
  WORKFLOW_NAME_SHARED: define("warning", (p: { name: string; directive: string }) => ({
    text: `this file has another "${p.directive}" function named ${p.name}: a process that resumes a run by name cannot tell them apart`,
    hint: "give each its own name; until then, their runs are resumed only when the functions are called again",
  })),
  WORKFLOW_NEEDS_ID: define("warning", (p: { name: string; directive: string }) => ({
    text: `${p.name} uses its instance or variables of the function around it, but the ids of its runs are made of its name and arguments alone: the same call of another instance or function would be the same run`,
    hint: `add an id that tells them apart: "${p.directive}: id=…" with a parameter, workflowOptions(fn, { id }), or start(fn, args, { id })`,
  })),
  DIRECTIVE_WORDS_SHARED: define("warning", (p: { directive: string; tool: string }) => ({
    text: `"${p.directive}" is also a directive of ${p.tool}, which would compile this file too`,
    hint: `give Perdure its own words with the plugin option directives: { workflow: "use durable workflow" }`,
  })),
  WORKFLOW_NOT_SCHEDULABLE: define(
    "error",
    (p: { name: string; because: "parameter" | "place" | "name"; parameter?: string }) =>
      ({
        parameter: {
          text: `a scheduled workflow is started without arguments, but ${p.name} has the required parameter ${p.parameter}`,
          hint: `give ${p.parameter} a default value, or start ${p.name} with schedule() and its arguments in place of cron= or every=`,
        },
        place: {
          text: `a scheduled workflow is started by its name, but ${p.name} needs an instance, or the function or block around it`,
          hint: "move it to the top level of the file, or make the method static",
        },
        name: {
          text: `a scheduled workflow is started by its name, but this file has another workflow named ${p.name}`,
          hint: "give each its own name: that of its function, or name=…",
        },
      })[p.because],
  ),
  UNAWAITED_CALL: define("warning", (p: { name: string }) => ({
    text: `${p.name}() is not awaited: the workflow may end before the call finishes, and its error is lost`,
    hint: "add await, or void if this is intentional",
  })),
  WORKFLOW_IO: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)}: the result is not recorded, and every replay repeats the call`,
    hint: 'move it into an async function with "use task", and await that function',
  })),
  WORKFLOW_TIMER: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)}: the wait is not recorded, and starts again in every replay`,
    hint: 'wait with sleep() from "perdure", or move the timer into a task',
  })),
  WORKFLOW_ENVIRONMENT: define("warning", (p: Impure) => ({
    text: `${p.workflow} reads ${p.name}${via(p)}: the value may differ where the run is resumed`,
    hint: "pass it to the workflow as an argument, or read it in a task",
  })),
  WORKFLOW_CLOCK: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)}: it returns something different on every replay`,
    hint: "call Date.now(), new Date(), performance.now(), Math.random(), crypto.randomUUID() or crypto.getRandomValues() where the value is needed (replays repeat their values), or use a task",
  })),
  WORKFLOW_STATE: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses the module variable ${p.name}${via(p)}, which functions change: a replay in another process starts from its initial value`,
    hint: "keep the data of the run in variables of the workflow, and access shared state only in tasks",
  })),
  WORKFLOW_MODEL: define("warning", (p: Impure) => ({
    text: `${p.workflow} uses ${p.name}${via(p)} with a model that is not durable: its answers are not recorded, and every replay asks it again`,
    hint: 'wrap the model in durableModel() from "perdure-ai" (durableEmbeddingModel() and so on for other models), or move the call into an async function with "use task"',
  })),
  TASK_CHANGES_ARGUMENT: define("warning", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} changes its argument "${p.name}" in place: the caller never sees the change, because a task gets a copy and does not run again in a replay`,
    hint: "return the changed value, and use the result where the task is called",
  })),
  TASK_CHANGES_CAPTURED: define("warning", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} changes "${p.name}" in place, which is declared outside the task: a replay does not run the task, and the change is lost`,
    hint: "return the new data from the task, and apply it where the task is called",
  })),
  TASK_WRITES_CAPTURED: define("error", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} assigns to "${p.name}", a variable of the run: a replay does not run the task, and the assignment is lost`,
    hint: "return the value from the task, and assign it where the task is called",
  })),
  TASK_WRITES_OUTSIDE: define("warning", (p: { task: string; name: string }) => ({
    text: `the task ${p.task} assigns to "${p.name}", which is declared outside of all workflows: the value is not recorded, and no replay and no other process has it`,
    hint: "return what a workflow needs from the task; assign with ??= what each process makes for itself",
  })),
  IGNORE_INVALID: define("error", (p: { problem: string; suggestion: string | undefined }) => ({
    text: `this comment turns nothing off: ${p.problem}`,
    hint: `${meant(p.suggestion)}write "perdure-ignore CODE: reason" on the line of the warning or the line before it, or "perdure-ignore-file CODE: reason" at the top of the file`,
  })),
  IGNORE_UNUSED: define("warning", (p: { code: string; wide: boolean }) => ({
    text: `this comment turns nothing off: there is no ${p.code} ${p.wide ? "in this file" : "on the line that it is about"}`,
    hint: "remove the comment, or move it to the line of the warning or the line before it",
  })),
  IMPORT_NOT_FOLLOWED: define("warning", (p: { file: string; target: string; by: string | undefined }) => ({
    text: `${p.file} imports ${p.target}${p.by === undefined ? "" : ` through ${p.by}`}, and Perdure cannot follow this import${p.by === undefined ? " (another plugin adds or resolves it)" : ""}: calls from workflows into it get no step ids of their own, and its clock reads differ in a replay`,
    hint: `import ${p.target} from ${p.file} by its path, or by an alias that the bundler or tsconfig.json resolves to the file`,
  })),
  ERROR_PRIVATE_MEMBERS: define("warning", (p: { name: string; member: string }) => ({
    text: `${p.name} has the private member ${p.member}: an error that a workflow catches is made from its record, without private members`,
    hint: "use a public one (or `private` or `protected` in TypeScript), or register the class with configure({ classes })",
  })),
  BROWSER_IMPORT: define("error", (p: { file: string; what: "workflows" | "tasks"; chain: readonly string[] }) => ({
    text: `${p.file} contains ${p.what} and is ${p.chain.length < 2 ? "an entry point of a browser build" : `imported by browser code: ${p.chain.join(" → ")}`}`,
    hint: 'call it on the server (an endpoint, a server action) and import only its types here: import type { … }; if this build is for a server, set its platform or target to "node"',
  })),
  DIRECTIVE_LOST: define("error", (p: { file: string }) => ({
    text: `${p.file} has directives, but another plugin or loader changed or loaded the file first, and Perdure saw none of them`,
    hint: "put Perdure before the other plugin in the list; minify the output, not the sources",
  })),
  COMPONENT_NOT_COMPILED: define("error", (p: { file: string }) => ({
    text: `${p.file} has directives, but this bundler does not show Perdure the module that another plugin makes of the component`,
    hint: "move the durable functions into a script file (.ts, .js) and import them, or build the component with Vite, Rollup or Rolldown",
  })),
  IMPORT_NOT_COMPILED: define(
    "warning",
    (p: {
      name: string;
      file: string;
      /** The package of the file, if it is another one than that of the call. */
      package: string | undefined;
      /** `component`: a component, in a bundler in which those are not compiled. */
      finding: "external" | "excluded" | "component" | "unknown";
    }) => {
      const place = p.package === undefined ? p.file : `the package ${p.package} (${p.file})`;
      const why = {
        external: "is external and ships no compiled code",
        excluded: "is bundled without being compiled",
        component: "is bundled without being compiled",
        unknown: "is external, and what is loaded in its place may not be compiled",
      }[p.finding];
      return {
        text: `${p.name} is durable, but ${place} ${why}: ${p.finding === "unknown" ? "it may" : "it would"} run without checkpoints, and again in every replay`,
        hint:
          p.finding === "component"
            ? "move it from the component into a .ts or .js file, and import it from there, or build the component with Vite, Rollup or Rolldown"
            : p.package === undefined
              ? `remove ${p.file} from the plugin's option exclude, or add it to include`
              : `name the package in the plugin's option packages: [${JSON.stringify(p.package)}], and make the bundler bundle it (not external; in Vite ssr.noExternal), or let the package ship code that was compiled with unplugin-perdure`,
      };
    },
  ),
  ...checkMessages,
} satisfies Record<string, Entry<never>>;

export type DiagnosticCode = keyof typeof diagnosticMessages;
export type DiagnosticParams<C extends DiagnosticCode> = Parameters<(typeof diagnosticMessages)[C]["make"]>[0];

/** The codes of the warnings. A project can turn each one off or make it an error. */
export type WarningCode = {
  [C in DiagnosticCode]: (typeof diagnosticMessages)[C]["severity"] extends "error" ? never : C;
}[DiagnosticCode];

/** The codes of problems in the text of a directive. */
export type DirectiveCode =
  | "DIRECTIVE_MISSPELT"
  | "DIRECTIVE_SYNTAX"
  | "DIRECTIVE_ARGUMENT_UNKNOWN"
  | "DIRECTIVE_ARGUMENT_INVALID"
  | "DIRECTIVE_ARGUMENT_MISSING"
  | "DIRECTIVE_ARGUMENT_DUPLICATE"
  | "DIRECTIVE_ARGUMENTS_CONFLICT"
  | "PLACEHOLDER_FORMAT";
