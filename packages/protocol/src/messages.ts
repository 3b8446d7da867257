import { aiMessages } from "./ai-messages.ts";
import { components } from "./components.ts";
import { flowMessages } from "./flow-messages.ts";
import { restateMessages } from "./restate-messages.ts";
import { scheduleMessages } from "./schedule-messages.ts";
import { storeMessages } from "./store-messages.ts";
import { streamMessages } from "./stream-messages.ts";
import { define, type Message } from "./message.ts";

export type { Message } from "./message.ts";

interface StepAndPlaces {
  readonly run: string;
  readonly workflow: string;
  readonly step: string;
  readonly recordedAt: string;
  readonly calledAt: string;
}

interface RunAndSteps {
  readonly run: string;
  readonly workflow: string;
  readonly steps: readonly string[];
}

/** Lists the first ten items, and the number of the others. */
const listed = (items: readonly string[]): string =>
  items.slice(0, 10).join(", ") + (items.length > 10 ? ` and ${items.length - 10} more` : "");

/** The names of the step kinds in messages. */
const kinds = {
  task: "a task",
  sleep: "a sleep",
  signal: "a wait for a signal",
  child: "a child workflow",
  start: "the start of a workflow",
  cancel: "a cancellation",
} as const;

/** The old name and the new one. */
type Rename = readonly [from: string, to: string];

const declared = ([from, to]: Rename): string =>
  `configure({ renames: { ${JSON.stringify(from)}: ${JSON.stringify(to)} } })`;

/** All messages of the runtime. A golden test quotes each one. */
export const messages = {
  ABI_DIFFERS: define((p: { file: string; compiled: number; runtime: number }) => ({
    text: `${p.file} was compiled for version ${p.compiled} of Perdure's runtime interface, but this runtime has version ${p.runtime}`,
    hint: "install the same version of perdure and unplugin-perdure, then build again",
  })),
  CONFIGURED_TOO_LATE: define((_: object) => ({
    text: "configure() was called after the first use of a workflow",
    hint: "call configure() before the first workflow, or call close() first",
  })),
  DURATION_INVALID: define((p: { what: string; value: string }) => ({
    text: `"${p.value}" is not a duration (${p.what})`,
    hint: 'use a number of milliseconds (0 or more), or a string such as "250ms", "60s", "5m", "3d"',
  })),
  CLOCK_STANDS_STILL: define(
    (p: { run: string; workflow: string; step: string; attempt: number | undefined; wait: string }) => ({
      text: `run ${p.run} of the workflow ${p.workflow} waits for a clock that stands still: ${p.attempt === undefined ? `step ${p.step} continues` : `attempt ${p.attempt} of step ${p.step} begins`} when it is moved`,
      hint: `move the clock of setup(): await advance(${p.wait})`,
    }),
  ),
  FAKE_OF_NO_TASK: define((p: { name: string; isWorkflow: boolean }) => ({
    text: `asTask() needs a compiled task to stand in for, and ${p.name} is ${p.isWorkflow ? "a workflow" : "none"}`,
    hint: "pass the task of the module itself: in vi.mock, take it from await importOriginal(); its module has to be compiled by the plugin",
  })),
  INPUT_CHANGED: define((p: StepAndPlaces) => ({
    text: `the code has changed, and step ${p.step} of run ${p.run} (${p.workflow}), recorded at ${p.recordedAt}, is now called with a different input at ${p.calledAt}`,
    hint: "Perdure uses the recorded result; if this is a new call, added before the recorded one, give it its own id with keyed()",
  })),
  MANIFEST_INVALID: define((p: { source: string; path: string; problem: string }) => ({
    text: `${p.source} is not a valid manifest for this version of Perdure${p.path === "" ? "" : ` (${p.path})`}: ${p.problem}`,
    hint: "build again with the matching version of unplugin-perdure",
  })),
  NOT_A_TASK: define((p: { name: string }) => ({
    text: `${p.name} is a workflow, not a task`,
    hint: "use workflowOptions() for a workflow",
  })),
  NOT_A_WORKFLOW: define((p: { name: string; location: string }) => ({
    text: `${p.name} (${p.location}) is a task, not a workflow`,
    hint: 'call it from a workflow and start that workflow, or replace "use task" with "use workflow"',
  })),
  NOT_COMPILED: define((p: { name: string; directive: boolean }) =>
    p.directive
      ? {
          text: `${p.name} has a directive but was not compiled: it would run without checkpoints`,
          hint: `add the plugin to the build: perdure() from unplugin-perdure/vite, or from the entry point for your bundler; for Turbopack, which has no plugins, the loader unplugin-perdure/loader; without a bundler, build with perdure-tsc (tsc alone ignores "plugins") or run with node --import unplugin-perdure/register`,
        }
      : {
          text: `${p.name} is not a compiled workflow or task`,
          hint: 'put "use workflow" or "use task" at the top of the function, and compile it with the plugin for your bundler (unplugin-perdure/vite, …; in Turbopack the loader unplugin-perdure/loader), with perdure-tsc, or with --import unplugin-perdure/register',
        },
  ),
  CALLEE_NOT_COMPILED: define(
    (p: {
      name: string;
      file: string;
      location: string;
      run: string;
      workflow: string;
      /** Whether the function still holds a directive. */
      directive: boolean;
      /** The package of the file, if it is another one than the caller's. */
      package: string | undefined;
    }) => ({
      text: `run ${p.run} of the workflow ${p.workflow} calls ${p.name} of ${p.package === undefined ? p.file : `the package ${p.package} (${p.file})`} at ${p.location}, which was not compiled: it would run without checkpoints, and again in every replay`,
      hint: [
        p.package === undefined && components.test(p.file)
          ? "move it from the component into a .ts or .js file that the plugin compiles, or build the component with Vite, Rollup or Rolldown"
          : p.package === undefined
            ? `let the plugin compile ${p.file}: it must be part of the build, and neither external nor excluded`
            : `name the package in the plugin's option packages: [${JSON.stringify(p.package)}], and make the bundler bundle it (not external; in Vite ssr.noExternal), or use a version of it that was built with unplugin-perdure`,
        ...(p.directive
          ? []
          : [
              'if a test has put another function in its place, keep that a task: asTask(original, fake) from "perdure/testing"',
            ]),
        "the run was not changed and can be resumed",
      ].join("; "),
    }),
  ),
  NOT_DETERMINISTIC: define((p: StepAndPlaces) => ({
    text: `the workflow ${p.workflow} is not deterministic: this replay of run ${p.run} called step ${p.step} at ${p.calledAt} with an input that differs from the one recorded at ${p.recordedAt}`,
    hint: "move code that gives a different result in each execution (time, randomness, environment, I/O) into a task; the run was not changed and can be resumed",
  })),
  NOT_IN_A_TASK: define((_: object) => ({
    text: "taskContext() was called outside a task, or in a task that no workflow runs",
    hint: 'call taskContext() in a function with "use task" that a workflow calls',
  })),
  NOT_RECOVERABLE: define((p: { workflow: string }) => ({
    text: `the workflow ${p.workflow} cannot be resumed by name: calling its function does not reach the workflow`,
    hint: "build again with the plugin; if the workflow is a closure or an instance method, call it again to resume the run",
  })),
  OPTION_INVALID: define((p: { option: string; value: string; expected: string }) => ({
    text: `${p.value} is not a valid value for ${p.option}`,
    hint: `use ${p.expected}`,
  })),
  OPTION_UNKNOWN: define(
    (p: { owner: string; name: string; known: readonly string[]; suggestion: string | undefined }) => ({
      text: `${p.owner} has no option "${p.name}"`,
      hint: `${p.suggestion === undefined ? "" : `did you mean "${p.suggestion}"? `}${p.owner} takes ${p.known.join(", ")}`,
    }),
  ),
  REGISTER_BYPASSED: define((p: { file: string }) => ({
    text: `another loader read ${p.file} from disk instead of the code that unplugin-perdure/register compiled`,
    hint: "put --import unplugin-perdure/register before the --import of the other loader",
  })),
  RENAME_IN_USE: define((p: { rename: Rename; location: string }) => ({
    text: `${declared(p.rename)}: the old name ${p.rename[0]} is still in the code, at ${p.location}`,
    hint: p.rename[0].includes("#")
      ? "remove the rename"
      : `remove the rename; to rename only some of the calls, use their paths ("${p.rename[0]}[0]": "${p.rename[1]}[0]")`,
  })),
  RENAME_INVALID: define((p: { from: string; to: string; problem: string }) => ({
    text: `${declared([p.from, p.to])}: ${p.problem}`,
    hint: 'use two names ("bill": "charge"), two step paths ("charge[0]": "handle[0]/charge[0]"; a name without an index matches every index), or two workflows ("src/a.ts#order": "src/b.ts#order")',
  })),
  RUN_ID_INCOMPLETE: define(
    (p: { workflow: string; placeholder: string; found: string; expected: "text" | "date" | "format" }) => ({
      text: `the run id of ${p.workflow} is incomplete: {${p.placeholder}} is ${p.found}`,
      hint: {
        text: "pass a string, number, bigint or boolean there, or use another placeholder in id=",
        date: "pass a valid Date there, or leave the format out of id=",
        format: `give the date a format in id=, such as {${p.placeholder}:yyyy-mm-dd} (UTC)`,
      }[p.expected],
    }),
  ),
  RUN_ID_INVALID: define((p: { workflow: string; found: string }) => ({
    text: `the run id of ${p.workflow} must be well-formed text of 1 to 512 characters; found ${p.found}`,
    hint: "pass another id to start(), or correct the id option of the workflow",
  })),
  RUN_INPUT_DIFFERS: define((p: { run: string; workflow: string }) => ({
    text: `run ${p.run} of ${p.workflow} already exists with different arguments`,
    hint: "use another id for these arguments, or call the workflow with the recorded arguments",
  })),
  NOT_IN_A_WORKFLOW: define((_: object) => ({
    text: "workflowContext() was called outside of a workflow",
    hint: "call it in the body of a workflow or in a helper that the workflow calls; a task has taskContext()",
  })),
  STEP_NOT_FOUND: define((p: { run: string; step: string; wanted: "finished" | "recorded" }) => ({
    text: `run ${p.run} has no ${p.wanted} step ${p.step}`,
    hint: "run.steps() lists the steps; one whose failure was retried is not among them, and one that is open cannot be forked from",
  })),
  RUN_NOT_FOUND: define((p: { run: string }) => ({
    text: `run ${p.run} does not exist in this store`,
    hint: "list the existing ids with listRuns(), and check which store configure() or $PERDURE_STORE names",
  })),
  RUN_OF_ITSELF: define((p: { run: string; workflow: string }) => ({
    text: `run ${p.run} of ${p.workflow} calls a workflow with the same run id: the run would wait for itself`,
    hint: "call the inner workflow with different arguments, or add the argument that differs to id=",
  })),
  RUN_WORKFLOW_DIFFERS: define((p: { run: string; workflow: string; recorded: string }) => ({
    text: `run ${p.run} belongs to the workflow ${p.recorded}, not to ${p.workflow}`,
    hint: `use another id; if ${p.recorded} was renamed, declare the rename: ${declared([p.recorded, p.workflow])}`,
  })),
  OPTIONS_SHARED: define((p: { name: string; location: string }) => ({
    text: `options were given to a second function that ${p.name} (${p.location}) has made, but the two cannot be told apart: these options would be those of both`,
    hint: "give the class a name, or make the object without await or yield in it; then each function has options of its own",
  })),
  RUN_ID_NEEDED: define((p: { run: string; workflow: string; location: string }) => ({
    text: `another instance or closure of ${p.workflow} (${p.location}) was called with these arguments before, and run ${p.run} is its: without an id of its own, a run gets one from the workflow's name and the arguments alone`,
    hint: 'give the workflow an id that tells the runs apart: "use workflow: id=…" with a parameter, workflowOptions(fn, { id: (…args) => … }), or start(fn, args, { id })',
  })),
  RUN_COMPENSATED: define((p: { run: string; workflow: string; failure: string }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} failed (${p.failure}), and its clean-up has made durable calls since: to try it again from its failure would build on what was undone`,
    hint: 'run.restart(), or start(…, { ifFailed: "restart" }), begins it again from the top; run.retry({ force: true }) tries it again from its failure all the same',
  })),
  RUNTIME_TWICE: define((p: { places: readonly string[] }) => ({
    text: `this process has ${p.places.length} copies of perdure: ${p.places.join(", ")}; they share their runs, but each copy has its own version of a class that you register or extend`,
    hint: "keep perdure out of bundles (mark it as external), and install only one version (npm dedupe)",
  })),
  RUNTIME_VERSIONS: define((p: { place: string }) => ({
    text: `this process has loaded a second version of perdure, in addition to ${p.place}, and the two versions cannot see each other's runs`,
    hint: "install only one version of perdure (npm ls perdure shows which packages depend on it)",
  })),
  RUNTIME_CLOSED: define((_: object) => ({
    text: "Perdure was closed in this process before this call completed",
    hint: "the run stays in the store: recover() or the same call resumes it",
  })),
  SCHEMA_ASYNC: define((p: { what: string }) => ({
    text: `the schema for ${p.what} is asynchronous`,
    hint: "use a schema without asynchronous checks, and run those checks in a task",
  })),
  SCHEMA_REFUSED: define((p: { what: string; issues: readonly string[] }) => ({
    text: `the schema rejects ${p.what}: ${p.issues.join("; ")}`,
    hint: "correct the value or the schema",
  })),
  SIGNAL_OUTSIDE_WORKFLOW: define((p: { name: string }) => ({
    text: `signal("${p.name}") was called outside a workflow`,
    hint: "wait for signals in the workflow itself, not in a task; deliver them from anywhere with complete()",
  })),
  STALLED: define((p: RunAndSteps) => ({
    text: `the replay of run ${p.run} (${p.workflow}) is waiting for something that is not durable, and has not reached ${listed(p.steps)}`,
    hint: "await only tasks, sleep() and signal() in a workflow; move other I/O and timers into a task; the run was not changed and can be resumed",
  })),
  CLEAN_UP_SKIPPED: define((p: { run: string; workflow: string; error: string }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} is cancelled and ends without its clean-up, because it cannot continue: ${p.error}`,
    hint: `undo by hand what the run has done: run.steps(), or "perdure show ${p.run}", lists it`,
  })),
  WAITS_OUTSIDE: define(
    (p: { run: string; workflow: string; step: string | undefined; location: string | undefined }) => ({
      text: `run ${p.run} of the workflow ${p.workflow} has not ended and waits for something that is not durable; ${p.step === undefined ? "it has had no step yet" : `its last step was ${p.step} (${p.location ?? "?"})`}`,
      hint: "await only tasks, workflows, sleep() and signal() in a workflow; a function that is shared by several runs (a semaphore, a queue, a cache of promises) must call back in the asynchronous context of its caller",
    }),
  ),
  STEP_KIND_DIFFERS: define((p: StepAndPlaces & { recorded: keyof typeof kinds; called: keyof typeof kinds }) => ({
    text: `step ${p.step} of run ${p.run} (${p.workflow}) was recorded as ${kinds[p.recorded]} at ${p.recordedAt}, but is now called as ${kinds[p.called]} at ${p.calledAt}`,
    hint: "give the new function another name; the run was not changed and can be resumed",
  })),
  STEP_MOVED: define((p: StepAndPlaces & { recorded: string; rename?: Rename | undefined }) => ({
    text: `the code of ${p.workflow} has changed: step ${p.step} at ${p.calledAt} may be the call that run ${p.run} recorded as ${p.recorded} at ${p.recordedAt}, moved or renamed`,
    hint:
      (p.rename ? `if it is the same call, declare the rename: ${declared(p.rename)}; if` : "if") +
      " it is a new call, give it its own id with keyed(); the run was not changed and can be resumed",
  })),
  STEPS_LOST: define((p: RunAndSteps & { added: readonly string[]; rename?: Rename | undefined }) => ({
    text:
      `the code of ${p.workflow} has changed and no longer reaches ${p.steps.length === 1 ? "a step" : `${p.steps.length} steps`} of run ${p.run}: ${listed(p.steps)}` +
      (p.added.length > 0 ? `; new calls: ${listed(p.added)}` : ""),
    hint:
      (p.rename
        ? `if a step was renamed or moved, declare the rename: ${declared(p.rename)}; otherwise restore`
        : "restore") +
      ' the calls, or accept the loss with configure({ lostSteps: "report" }); the run was not changed and can be resumed',
  })),
  STEPS_NOT_REACHED: define((p: RunAndSteps & { instead: readonly string[] }) => ({
    text:
      `the workflow ${p.workflow} is not deterministic: this replay of run ${p.run} under the same code did not reach ${listed(p.steps)}` +
      (p.instead.length > 0 ? `; it called ${listed(p.instead)} instead` : ""),
    hint: "move code that gives a different result in each execution (time, randomness, environment, I/O) into a task; the run was not changed and can be resumed",
  })),
  TASK_CHANGED_ARGUMENT: define(
    (p: { task: string; argument: number; step: string; run: string; calledAt: string }) => ({
      text: `the task ${p.task} changed its argument ${p.argument} in place (step ${p.step} of run ${p.run}, called at ${p.calledAt}): the workflow does not see the change, either now or in a replay`,
      hint: "return the changed value from the task and use the result; configure({ checkArguments: false }) turns this check off",
    }),
  ),
  TSC_EMITTED_NOTHING: define((p: { project: string; output: string }) => ({
    text: `tsc emitted no JavaScript for ${p.project}${p.output === "" ? "" : `:\n${p.output}`}`,
    hint: "correct the errors that tsc reports; if it reports none, check that the project contains files",
  })),
  TSC_NOT_FOUND: define((p: { directory: string }) => ({
    text: `TypeScript is not installed in ${p.directory}`,
    hint: "run npm install --save-dev typescript, or set $PERDURE_TSC to the script of another compiler",
  })),
  VALUE_NOT_STORABLE: define((p: { what: string; path: string; found: string; where?: string }) => ({
    text: `${p.what} ${p.path === "" ? "" : `${p.path}: `}${p.found}, which cannot be stored${p.where === undefined ? "" : ` (${p.where})`}`,
    hint: "leave it out, make it plain data, or register its class with configure({ classes }); a run that stopped because of it can be resumed",
  })),
  VALUE_VERSION: define((p: { found: string }) => ({
    text: `a stored value has the format "${p.found}", which this version of Perdure does not support`,
    hint: "upgrade the perdure package to the version that wrote the store",
  })),
  WORKFLOW_AMBIGUOUS: define((p: { workflow: string; file: string; files: readonly string[] }) => ({
    text: `the run belongs to the workflow ${p.workflow} of ${p.file}, which is not loaded; ${p.files.join(" and ")} each have a workflow of that name`,
    hint: `load that file, or declare which workflow replaces it: ${declared([`${p.file}#${p.workflow}`, `${p.files[0] ?? ""}#${p.workflow}`])}`,
  })),
  CALL_AFTER_END: define((p: { name: string; run: string; step: string; reason: string; continues: boolean }) => ({
    text: `${p.name} was called in run ${p.run} (step ${p.step}), but ${p.reason}: the outcome is not recorded`,
    hint: p.continues
      ? "nothing has to be done: the run continues where it is executed, or when it is resumed"
      : "await every durable call before the workflow ends; a function that is shared by several runs (a semaphore, a queue, a cache of promises) must call back in the asynchronous context of its caller",
  })),
  REASON_UNREADABLE: define((p: { run: string; workflow: string; error: string }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} was cancelled with a reason that this program cannot decode: ${p.error}`,
    hint: "the run is cancelled without the reason; register the class of the reason with configure({ classes })",
  })),
  REJECTION_UNHANDLED: define((p: { run: string; workflow: string; error: string }) => ({
    text: `a promise of run ${p.run} of the workflow ${p.workflow} was rejected and nothing handled it: ${p.error}`,
    hint: "await the promise, or add a catch",
  })),
  RUN_KEEPS_FAILING: define((p: { run: string; workflow: string; times: number }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} was resumed ${p.times} times in a row without a new checkpoint: its process died, or its results could not be stored`,
    hint: "correct the cause, then call the workflow again or cancel the run",
  })),
  STEP_UNREADABLE: define((p: { code: number }) => ({
    text: `a recorded step contains the code ${p.code}, which this version of Perdure does not support`,
    hint: "upgrade the perdure package to the version that wrote the store",
  })),
  WORKFLOW_NOT_LOADED: define((p: { workflow: string; file: string; runs: readonly string[] }) => ({
    text: `no loaded module has the workflow ${p.workflow} (${p.file}) of ${p.runs.length === 1 ? "run" : "runs"} ${listed(p.runs)}`,
    hint: "import the module where recover() or worker() is called, and have it compiled; the runs resume when a process loads it",
  })),
  RETRY_NOT_POSSIBLE: define((p: { task: string; option: string; problem: string }) => ({
    text: `the task ${p.task} failed, and its ${p.option} does not work, so it is not tried again: ${p.problem}`,
    hint: `correct ${p.option}; the cause of this error is what the attempt failed with`,
  })),
  THROWN_NOT_STORABLE: define((p: { task: string; thrown: string; problem: string }) => ({
    text: `${p.task} threw ${p.thrown}, which cannot be stored as it is${p.problem === "" ? "" : ` (${p.problem})`}`,
    hint: "throw an Error with the fields that the workflow needs; the cause of this error has those that could be stored",
  })),
  ...storeMessages,
  ...restateMessages,
  ...aiMessages,
  ...flowMessages,
  ...scheduleMessages,
  ...streamMessages,
} satisfies Record<string, (params: never) => Message>;

export type MessageCode = keyof typeof messages;
export type MessageParams<C extends MessageCode> = Parameters<(typeof messages)[C]>[0];
