import type { RunStatus } from "@perdure/store";
import { selfOf } from "../definitions/registry.ts";
import { workflowOf } from "../definitions/workflows.ts";
import { currentScope } from "../execution/current.ts";
import type { IfFailed } from "../execution/host.ts";
import { bodyOf } from "../execution/launch.ts";
import { takeSite } from "../execution/sites.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import { startStep } from "../steps/child.ts";
import { Run, toInfo, type RunInfo } from "./run.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

export interface StartOptions {
  readonly id?: string;
  readonly ifFailed?: IfFailed;
}

/**
 * Starts a run, or attaches to the run that has the id already. Resolves when the run is durably recorded. Of any number of concurrent
 * calls with one id, in any number of processes, one starts it. In a workflow it is a step of its own.
 * @param options.id - default: the workflow's `id=`, else its name and arguments
 * @param options.ifFailed - what becomes of a run with the id that has failed. `attach` (the default): its failure is the result, nothing is
 *   executed. `retry`: it is tried again from its failure, as `run.retry()` does. `restart`: it begins again from the top, as with `run.restart()`
 * @throws PerdureError `RUN_COMPENSATED`, `NOT_COMPILED`, `NOT_A_WORKFLOW`, `RUN_INPUT_DIFFERS`, `RUN_WORKFLOW_DIFFERS`, `VALUE_NOT_STORABLE`
 */
export async function start<A extends unknown[], R>(
  workflow: (...args: A) => Promise<R>,
  args: NoInfer<A>,
  options: StartOptions = {},
): Promise<Run<R>> {
  const location = takeSite("start");
  const definition = workflowOf(workflow);
  const { id, ifFailed = "attach" } = options;
  const request = { definition, args, id, body: bodyOf(definition, workflow), caller: selfOf(workflow), ifFailed };
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
  readonly status?: RunStatus | readonly RunStatus[];
  readonly workflow?: string | readonly string[];
  /** Default 100. */
  readonly limit?: number;
  /** The id of the last run of the previous page. */
  readonly before?: string;
}

/** Runs, newest first. */
export async function listRuns(options: ListOptions = {}): Promise<RunInfo[]> {
  return (await currentRuntime().requests.list(options)).map(toInfo);
}

/**
 * Resumes every unfinished run that no living process owns, of the workflows that this program has loaded.
 * @param options.workflows - only these: functions or names
 */
export async function recover(
  options: { readonly workflows?: readonly (string | ((...args: never[]) => Promise<unknown>))[] } = {},
): Promise<Run[]> {
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
