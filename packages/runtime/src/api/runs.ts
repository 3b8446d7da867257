import { checkOptions, oneOf, type OptionNames } from "@perdure/protocol";
import type { RunCount, RunFilter, RunStatus } from "@perdure/store";
import { selfOf } from "../definitions/registry.ts";
import { workflowOf } from "../definitions/workflows.ts";
import { currentScope } from "../execution/current.ts";
import { bodyOf } from "../execution/launch.ts";
import { takeSite } from "../execution/sites.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import type { Runtime } from "../process/runtime.ts";
import { startStep } from "../steps/child.ts";
import { subscribe as events, type RunEvent } from "./events.ts";
import { runInfo, type RunInfo } from "./info.ts";
import { Run } from "./run.ts";
import { checkStartOptions, type BatchOptions, type StartOptions } from "./start-options.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

/**
 * Starts a run, or attaches to the run that has the id already. Resolves when the run is durably recorded. Of any number of concurrent
 * calls with one id, in any number of processes, one starts it. In a workflow it is a step of its own.
 * @param options.id - default: the workflow's `id=`, else its name and arguments
 * @param options.tags - words that `listRuns` finds the run by. Those of a run that exists already do not change
 * @param options.ifFailed - what becomes of a run with the id that has failed. `attach` (the default): its failure is the result, nothing is
 *   executed. `retry`: it is tried again from its failure, as `run.retry()` does. `restart`: it begins again from the top, as with `run.restart()`
 * @param options.queue - the queue that the run stands in line of; `options.priority` decides who is next
 * @param options.delay - the run begins so much later; `options.at`: then. It is durable at once
 * @param options.expires - a run that has not begun so long after the start is cancelled; `options.timeout`: one that has not ended
 * @param options.debounce - starts that follow one another closely become one run, with the arguments of the last. The result is that run
 * @param options.throttle - the first starts of a period become runs; the others get the latest of these
 * @param options.batch - the arguments of several starts become one run, whose only argument is the list of them. Each start gives one argument
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `OPTIONS_EXCLUDE`, `QUEUE_UNKNOWN`, `RUN_COMPENSATED`, `NOT_COMPILED`, `NOT_A_WORKFLOW`, `RUN_INPUT_DIFFERS`,
 *   `RUN_WORKFLOW_DIFFERS`, `VALUE_NOT_STORABLE`
 */
export function start<T, R>(
  workflow: (items: T[]) => Promise<R>,
  args: readonly [NoInfer<T>],
  options: StartOptions & { readonly batch: BatchOptions },
): Promise<Run<R>>;
export function start<A extends unknown[], R>(
  workflow: (...args: A) => Promise<R>,
  args: NoInfer<A>,
  options?: StartOptions,
): Promise<Run<R>>;
export async function start<R>(
  workflow: (...args: never[]) => Promise<R>,
  args: readonly unknown[],
  options: StartOptions = {},
): Promise<Run<R>> {
  const location = takeSite("start");
  const definition = workflowOf(workflow);
  const checked = checkStartOptions(options, args);
  const body = bodyOf(definition, workflow);
  const request = { definition, args, body, caller: selfOf(workflow), ...checked };
  const scope = currentScope();
  if (scope) {
    const id = (await startStep(scope, { ...request, location })) as string;
    return new Run<R>(currentRuntime(), id);
  }
  const runtime = currentRuntime();
  return new Run<R>(runtime, await runtime.starter.begin(request));
}

/**
 * The run with this id.
 * @throws PerdureError `RUN_NOT_FOUND`
 */
export async function getRun<R = unknown>(id: string): Promise<Run<R>> {
  const runtime = currentRuntime();
  return new Run<R>(runtime, (await runtime.requests.row(id)).id);
}

export interface ListOptions {
  /** `blocked`: runs that were stopped and wait for other code, or `unblock()`. They are among the `pending` ones as well. */
  readonly status?: RunStatus | "blocked" | readonly (RunStatus | "blocked")[];
  readonly workflow?: string | readonly string[];
  /** Only runs that have each of these tags. */
  readonly tags?: string | readonly string[];
  /** Only children of the run with this id. */
  readonly parent?: string;
  /** Only runs that the schedule of this name started. */
  readonly schedule?: string;
  /** Only runs created then or later. */
  readonly createdAfter?: Date;
  /** Only runs created before. */
  readonly createdBefore?: Date;
  /** Only runs whose id contains this text. Upper and lower case differ. */
  readonly search?: string;
  /** `created`: newest first. `due`: first the runs that continue at a time, the next one first; then the others, newest first. Default `created`. */
  readonly order?: "created" | "due";
  /** Default 100. */
  readonly limit?: number;
  /** Only runs that come after the one with this `cursor`, for the next page: `after: runs.at(-1)?.cursor`. That run may be deleted meanwhile. */
  readonly after?: string | undefined;
  /** Only runs that come after the run with this id. */
  readonly before?: string;
}

const LIST_OPTIONS: OptionNames<ListOptions> = {
  status: true,
  workflow: true,
  tags: true,
  parent: true,
  schedule: true,
  createdAfter: true,
  createdBefore: true,
  search: true,
  order: true,
  limit: true,
  after: true,
  before: true,
};

/**
 * Runs, newest first or the next due first. Reading does not resume them.
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `RUN_NOT_FOUND` (for `before`)
 */
export const listRuns = (options: ListOptions = {}): Promise<RunInfo[]> => listRunsOf(currentRuntime(), options);

export async function listRunsOf(runtime: Runtime, options: ListOptions): Promise<RunInfo[]> {
  checkOptions(options, LIST_OPTIONS, "listRuns()");
  const { tags, createdAfter, createdBefore, before, after: given, ...same } = options;
  const { order = "created" } = same;
  oneOf(order, ["created", "due"], "order");
  const after = before === undefined ? given : await runtime.requests.cursorOf(before, order);
  const filter: RunFilter = {
    ...same,
    ...(after !== undefined && { after }),
    ...(tags !== undefined && { tags: [tags].flat() }),
    ...(createdAfter && { createdAfter: createdAfter.getTime() }),
    ...(createdBefore && { createdBefore: createdBefore.getTime() }),
  };
  return (await runtime.requests.list(filter)).map((head) => runInfo(runtime, head));
}

/** How many runs there are of each workflow, file and status. Blocked runs are counted as `blocked`, not as `pending`. Entries with 0 are left out. */
export async function countRuns(): Promise<RunCount[]> {
  return (await currentRuntime().ready()).countRuns();
}

/**
 * What happens in a run, from any process that has the store: its finished steps, its waits, its progress and its end, as they are committed. Ends
 * with the end of the run. Events of other processes arrive within `pollInterval`. Does not resume the run.
 * @param options.from - only steps with a higher `seq`, for a reader that has seen the others. Default 0: all
 * @throws PerdureError `OPTION_UNKNOWN`; `RUN_NOT_FOUND`, also when the run is deleted meanwhile
 */
export const subscribe = (runId: string, options: { readonly from?: number } = {}): AsyncIterable<RunEvent> =>
  events(currentRuntime(), runId, checkOptions(options, { from: true }, "subscribe()"));

/**
 * Resumes every unfinished run that no living process owns, of the workflows that this program has loaded.
 * @param options.workflows - only these: functions or names
 */
export async function recover(
  options: { readonly workflows?: readonly (string | ((...args: never[]) => Promise<unknown>))[] } = {},
): Promise<Run[]> {
  checkOptions(options, { workflows: true }, "recover()");
  const runtime = currentRuntime();
  const names = options.workflows?.map((workflow) =>
    typeof workflow === "string" ? workflow : workflowOf(workflow).info.name,
  );
  const ids = await runtime.requests.recover(names);
  return ids.map((id) => new Run(runtime, id));
}

/**
 * Does what `recover` does until it is stopped: resumes runs that are pending, due or abandoned. While a worker with the same options runs,
 * this returns it: a development server calls it again at each edit, in the same process.
 */
export function worker(options: WorkerOptions = {}): Worker {
  const runtime = currentRuntime();
  for (const each of runtime.workers) if (each instanceof Worker && each.does(options)) return each;
  return new Worker(runtime, options);
}

/**
 * Delivers a signal to a run, before or after the run waits for it, and even before the run exists (then the delivery is kept for 30 days).
 * The delivery is durable when this resolves. Several deliveries of one name are kept in order; each wait consumes one.
 * @returns false when the run has ended, or waits in this process with a schema that refuses the payload (which is reported)
 * @throws PerdureError `VALUE_NOT_STORABLE`
 */
export const complete = (runId: string, name: string, payload?: unknown): Promise<boolean> =>
  currentRuntime().requests.complete(runId, name, payload);
