/** One message: what happened, in the user's own names, and what to do about it. */
export interface Message {
  readonly text: string;
  readonly hint: string;
}

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

/** At most ten of them. */
const listed = (items: readonly string[]): string =>
  items.slice(0, 10).join(", ") + (items.length > 10 ? ` and ${items.length - 10} more` : "");

/** What a step was recorded as. */
const kinds = {
  task: "a task",
  sleep: "a sleep",
  signal: "a wait for a signal",
  child: "a child workflow",
  start: "the start of a workflow",
  cancel: "a cancellation",
} as const;

/** Old and new. */
type Rename = readonly [from: string, to: string];

const declared = ([from, to]: Rename): string =>
  `configure({ renames: { ${JSON.stringify(from)}: ${JSON.stringify(to)} } })`;

const define = <P>(make: (params: P) => Message) => make;

/** Everything Perdure says when something is wrong at run time. The golden test quotes each. */
export const messages = {
  STORE_URL_INVALID: define((p: { url: string }) => ({
    text: `"${p.url}" is not a store`,
    hint: 'use "sqlite:path/to/file.db", "memory:", or a store instance',
  })),
  STORE_UNAVAILABLE: define((p: { scheme: string }) => ({
    text: `there is no "${p.scheme}:" store in this version of Perdure`,
    hint: 'use "sqlite:path/to/file.db" or "memory:", or pass an instance that implements the store contract',
  })),
  STORE_IS_DIRECTORY: define((p: { path: string }) => ({
    text: `the store ${p.path} is a directory`,
    hint: "name a file in it, for example sqlite:" + p.path.replace(/\/$/, "") + "/perdure.db",
  })),
  STORE_NO_DIRECTORY: define((p: { path: string }) => ({
    text: `the directory of the store ${p.path} does not exist`,
    hint: "create it first, or name another file",
  })),
  STORE_READ_ONLY: define((p: { path: string }) => ({
    text: `the store ${p.path} cannot be written`,
    hint: "give this user write access to the file and to its directory (SQLite writes -wal and -shm files beside it)",
  })),
  STORE_CORRUPT: define((p: { path: string; detail: string }) => ({
    text: `the store ${p.path} is not an intact SQLite database: ${p.detail}`,
    hint: "restore it from a backup, or move the file away to start with an empty store",
  })),
  STORE_FOREIGN: define((p: { path: string }) => ({
    text: `${p.path} is an SQLite database of another program`,
    hint: "name a file of its own for Perdure",
  })),
  STORE_NEWER: define((p: { path: string; found: number; known: number }) => ({
    text: `the store ${p.path} has schema ${p.found}; this version of Perdure knows schemas up to ${p.known}`,
    hint: "upgrade the perdure package to the version that wrote the store",
  })),
  STORE_BUSY: define((p: { path: string; ms: number }) => ({
    text: `the store ${p.path} stayed locked by another process for ${p.ms} ms`,
    hint: "look for a program that holds a long transaction on the file",
  })),
  STORE_NOT_DURABLE: define((p: { path: string; detail: string }) => ({
    text: `the store ${p.path} does not accept the settings that make a commit durable: ${p.detail}`,
    hint: "put the file on a local file system that supports SQLite's WAL mode",
  })),
  STORE_IO: define((p: { path: string; detail: string }) => ({
    text: `the disk refused to read or write the store ${p.path}: ${p.detail}`,
    hint: "make room on the disk, or check it; every run goes on from its last checkpoint",
  })),
  STORE_CLOSED: define((p: { name: string }) => ({
    text: `the store ${p.name} is not open`,
    hint: "call open() before anything else, and nothing after close()",
  })),
  SQLITE_NOT_LOADED: define((p: { detail: string }) => ({
    text: `the SQLite driver better-sqlite3 cannot be loaded: ${p.detail}`,
    hint: "run `npm rebuild better-sqlite3` (with pnpm: `pnpm approve-builds`), since its native part is built or downloaded by an install script; where it is missing altogether: `npm install better-sqlite3`",
  })),
  SQLITE_DRIVER: define((p: { version: string; node: string }) => ({
    text: `better-sqlite3 ${p.version} crashes on Node ${p.node}`,
    hint: "install better-sqlite3@12, or run on Node 22 or later",
  })),
  ABI_DIFFERS: define((p: { file: string; compiled: number; runtime: number }) => ({
    text: `${p.file} was compiled for version ${p.compiled} of Perdure's runtime interface; this runtime has version ${p.runtime}`,
    hint: "install the same version of perdure and unplugin-perdure, and build again",
  })),
  CONFIGURED_TOO_LATE: define((_: object) => ({
    text: "configure() was called after workflows had been used",
    hint: "call it before the first workflow, or call close() first",
  })),
  DURATION_INVALID: define((p: { what: string; value: string }) => ({
    text: `"${p.value}" is not a duration (${p.what})`,
    hint: 'use milliseconds from 0, or text such as "250ms", "60s", "5m", "3d"',
  })),
  INPUT_CHANGED: define((p: StepAndPlaces) => ({
    text: `step ${p.step} of run ${p.run} (${p.workflow}) was recorded with another input, under other code, at ${p.recordedAt}; it is called now at ${p.calledAt}`,
    hint: "the recorded result is used; when this is a new call of the same name before a recorded one, give it an id of its own with keyed()",
  })),
  MANIFEST_INVALID: define((p: { source: string; path: string; problem: string }) => ({
    text: `${p.source} is not a manifest of this version${p.path === "" ? "" : ` (${p.path})`}: ${p.problem}`,
    hint: "build again with the version of unplugin-perdure that belongs to this one",
  })),
  NOT_A_TASK: define((p: { name: string }) => ({
    text: `${p.name} is a workflow, not a task`,
    hint: "use workflowOptions() for it",
  })),
  NOT_A_WORKFLOW: define((p: { name: string; location: string }) => ({
    text: `${p.name} (${p.location}) is a task, not a workflow`,
    hint: 'call it from a workflow and start that, or write "use workflow" in place of "use task"',
  })),
  NOT_COMPILED: define((p: { name: string; directive: boolean }) =>
    p.directive
      ? {
          text: `${p.name} has a directive and was not compiled: it would run without a single checkpoint`,
          hint: `add the plugin to the build: perdure() from unplugin-perdure/vite or that of your bundler; without a bundler, build with perdure-tsc (tsc alone ignores "plugins") or run with node --import unplugin-perdure/register`,
        }
      : {
          text: `${p.name} is not a compiled workflow or task`,
          hint: 'put "use workflow" or "use task" at the top of the function, and the plugin of your bundler (unplugin-perdure/vite, …), perdure-tsc or --import unplugin-perdure/register into the build',
        },
  ),
  NOT_DETERMINISTIC: define((p: StepAndPlaces) => ({
    text: `the workflow ${p.workflow} is not deterministic: in this replay of run ${p.run}, step ${p.step} was called at ${p.calledAt} with another input than the one recorded at ${p.recordedAt}`,
    hint: "move what differs between two runs of the same code (time, chance, environment, I/O) into a task; the run is untouched and resumable",
  })),
  NOT_IN_A_TASK: define((_: object) => ({
    text: "taskContext() was called outside of a task, or in a task that was called outside of a workflow",
    hint: 'call it in a function with "use task" while a workflow runs it',
  })),
  NOT_RECOVERABLE: define((p: { workflow: string }) => ({
    text: `the workflow ${p.workflow} cannot be taken up by its name: a call of its function does not lead to it`,
    hint: "build again with the plugin; a workflow that is a closure or an instance method is resumed by calling it",
  })),
  OPTION_INVALID: define((p: { option: string; value: string; expected: string }) => ({
    text: `${p.value} is not a value for ${p.option}`,
    hint: `use ${p.expected}`,
  })),
  REGISTER_BYPASSED: define((p: { file: string }) => ({
    text: `another loader took ${p.file} from the disk and not as unplugin-perdure/register compiled it`,
    hint: "put --import unplugin-perdure/register in front of that loader's --import",
  })),
  RENAME_IN_USE: define((p: { rename: Rename; location: string }) => ({
    text: `${declared(p.rename)}: ${p.rename[0]} is still in the code, at ${p.location}`,
    hint: p.rename[0].includes("#")
      ? "take the rename out"
      : `take the rename out; where only some of its calls are meant, name their paths ("${p.rename[0]}[0]": "${p.rename[1]}[0]")`,
  })),
  RENAME_INVALID: define((p: { from: string; to: string; problem: string }) => ({
    text: `${declared([p.from, p.to])}: ${p.problem}`,
    hint: 'write two names ("bill": "charge"), two step paths ("charge[0]": "handle[0]/charge[0]"; without an index: every index), or two workflows ("src/a.ts#order": "src/b.ts#order")',
  })),
  RUN_ID_INCOMPLETE: define((p: { workflow: string; placeholder: string; found: string }) => ({
    text: `the id of a run of ${p.workflow} cannot be made: {${p.placeholder}} is ${p.found}`,
    hint: "pass a string, number or boolean there, or another placeholder in id=",
  })),
  RUN_ID_INVALID: define((p: { workflow: string; found: string }) => ({
    text: `the id of a run of ${p.workflow} has to be well-formed text of 1 to 512 characters; found ${p.found}`,
    hint: "pass another id to start(), or mend the id option of the workflow",
  })),
  RUN_INPUT_DIFFERS: define((p: { run: string; workflow: string }) => ({
    text: `run ${p.run} of ${p.workflow} exists with other arguments`,
    hint: "use another id for these arguments, or call it with the recorded ones",
  })),
  RUN_NOT_FOUND: define((p: { run: string }) => ({
    text: `there is no run ${p.run} in this store`,
    hint: "look at the ids with listRuns(), and at the store that configure() or $PERDURE_STORE names",
  })),
  RUN_OF_ITSELF: define((p: { run: string; workflow: string }) => ({
    text: `run ${p.run} of ${p.workflow} calls a workflow whose run would have the same id: it would wait for itself`,
    hint: "give the inner call other arguments, or put what differs into id=",
  })),
  RUN_WORKFLOW_DIFFERS: define((p: { run: string; workflow: string; recorded: string }) => ({
    text: `run ${p.run} is a run of ${p.recorded}, not of ${p.workflow}`,
    hint: `use another id; if ${p.recorded} was renamed, say so: ${declared([p.recorded, p.workflow])}`,
  })),
  RUNTIME_TWICE: define((p: { places: readonly string[] }) => ({
    text: `this process has ${p.places.length} copies of perdure: ${p.places.join(", ")}; they work as one, but classes that you register or extend exist once in each`,
    hint: "leave perdure out of bundles (external), and let one version of it be installed (npm dedupe)",
  })),
  RUNTIME_VERSIONS: define((p: { place: string }) => ({
    text: `another version of perdure is loaded in this process beside ${p.place}, and the two do not know each other's runs`,
    hint: "install one version of perdure (npm ls perdure shows where each comes from)",
  })),
  RUNTIME_CLOSED: define((_: object) => ({
    text: "Perdure was closed in this process while this was waited for",
    hint: "the run stays in the store: recover() or the same call takes it up",
  })),
  SCHEMA_ASYNC: define((p: { what: string }) => ({
    text: `the schema for ${p.what} answers with a promise`,
    hint: "use a schema without asynchronous checks; do those in a task",
  })),
  SCHEMA_REFUSED: define((p: { what: string; issues: readonly string[] }) => ({
    text: `the schema refuses ${p.what}: ${p.issues.join("; ")}`,
    hint: "mend the value or the schema",
  })),
  SIGNAL_OUTSIDE_WORKFLOW: define((p: { name: string }) => ({
    text: `signal("${p.name}") was called outside of a workflow`,
    hint: "wait for signals in the workflow itself, not in a task; deliver them from anywhere with complete()",
  })),
  STALLED: define((p: RunAndSteps) => ({
    text: `the replay of run ${p.run} (${p.workflow}) waits for something that is not durable, and does not come to ${listed(p.steps)}`,
    hint: "await only tasks, sleep() and signal() in a workflow; move other I/O and timers into a task; the run is untouched and resumable",
  })),
  STEP_KIND_DIFFERS: define((p: StepAndPlaces & { recorded: keyof typeof kinds; called: keyof typeof kinds }) => ({
    text: `step ${p.step} of run ${p.run} (${p.workflow}) was recorded as ${kinds[p.recorded]} at ${p.recordedAt} and is called as ${kinds[p.called]} at ${p.calledAt}`,
    hint: "give the new function another name; the run is untouched and resumable",
  })),
  STEP_MOVED: define((p: StepAndPlaces & { recorded: string; rename?: Rename | undefined }) => ({
    text: `the code of ${p.workflow} has changed, and step ${p.step} at ${p.calledAt} may be what run ${p.run} has recorded as ${p.recorded} at ${p.recordedAt}: the same call, in another place or by another name`,
    hint:
      (p.rename ? `if it is, say so: ${declared(p.rename)}; if` : "if") +
      " it is another call, give it an id of its own with keyed(); the run is untouched and resumable",
  })),
  STEPS_LOST: define((p: RunAndSteps & { added: readonly string[]; rename?: Rename | undefined }) => ({
    text:
      `the code of ${p.workflow} has changed and does not reach ${p.steps.length === 1 ? "a step" : `${p.steps.length} steps`} of run ${p.run} any more: ${listed(p.steps)}` +
      (p.added.length > 0 ? `; new in it: ${listed(p.added)}` : ""),
    hint:
      (p.rename ? `if it was renamed or moved, say so: ${declared(p.rename)}; else bring` : "bring") +
      ' the calls back, or accept the loss with configure({ lostSteps: "report" }); the run is untouched and resumable',
  })),
  STEPS_NOT_REACHED: define((p: RunAndSteps & { instead: readonly string[] }) => ({
    text:
      `the workflow ${p.workflow} is not deterministic: this replay of run ${p.run} under the same code did not reach ${listed(p.steps)}` +
      (p.instead.length > 0 ? `; it called ${listed(p.instead)} instead` : ""),
    hint: "move what differs between two runs of the same code (time, chance, environment, I/O) into a task; the run is untouched and resumable",
  })),
  TASK_CHANGED_ARGUMENT: define(
    (p: { task: string; argument: number; step: string; run: string; calledAt: string }) => ({
      text: `the task ${p.task} has changed its argument ${p.argument} in place (step ${p.step} of run ${p.run}, called at ${p.calledAt}): the workflow does not see that, now or in a replay`,
      hint: "return the changed value from the task, and use the result; configure({ checkArguments: false }) turns this check off",
    }),
  ),
  TSC_EMITTED_NOTHING: define((p: { project: string; output: string }) => ({
    text: `tsc has emitted no JavaScript for ${p.project}${p.output === "" ? "" : `:\n${p.output}`}`,
    hint: "correct what tsc says; if it says nothing, does the project have files?",
  })),
  TSC_NOT_FOUND: define((p: { directory: string }) => ({
    text: `${p.directory} has no TypeScript of its own`,
    hint: "npm install --save-dev typescript, or name another compiler's script with $PERDURE_TSC",
  })),
  VALUE_NOT_STORABLE: define((p: { what: string; path: string; found: string; where?: string }) => ({
    text: `${p.what} ${p.path === "" ? "" : `${p.path}: `}${p.found}, which cannot be stored${p.where === undefined ? "" : ` (${p.where})`}`,
    hint: "leave it out, make it plain data, or register its class with configure({ classes }); a run that stops for it is resumable",
  })),
  VALUE_VERSION: define((p: { found: string }) => ({
    text: `a stored value has the format "${p.found}", which this version of Perdure does not know`,
    hint: "upgrade the perdure package to the version that wrote the store",
  })),
  WORKFLOW_AMBIGUOUS: define((p: { workflow: string; file: string; files: readonly string[] }) => ({
    text: `the run belongs to the workflow ${p.workflow} of ${p.file}, which is not loaded; ${p.files.join(" and ")} each have one of that name`,
    hint: `load that file, or say which it is now: ${declared([`${p.file}#${p.workflow}`, `${p.files[0] ?? ""}#${p.workflow}`])}`,
  })),
} satisfies Record<string, (params: never) => Message>;

export type MessageCode = keyof typeof messages;
export type MessageParams<C extends MessageCode> = Parameters<(typeof messages)[C]>[0];
