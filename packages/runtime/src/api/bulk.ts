import { checkOptions, nextTurn, PerdureError } from "@perdure/protocol";
import { selfOf } from "../definitions/registry.ts";
import { workflowOf } from "../definitions/workflows.ts";
import { bodyOf } from "../execution/launch.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import type { Runtime } from "../process/runtime.ts";
import { Run } from "./run.ts";
import { listRunsOf, type ListOptions } from "./runs.ts";
import { checkStartManyOptions, type StartManyOptions } from "./start-options.ts";

/**
 * Records a run for each list of arguments, a thousand with one commit. Begins none of them here: workers do, in any process, and `result()` of one. When this
 * resolves, all are durable; if the program ends before, those of the commits so far are. The same call again attaches to these.
 * @param options - those of `start` that make sense for many runs, for each of them
 * @returns the runs, in order
 * @throws as `start`
 */
export async function startMany<A extends unknown[], R>(
  workflow: (...args: A) => Promise<R>,
  list: Iterable<NoInfer<A>>,
  options: StartManyOptions = {},
): Promise<Run<R>[]> {
  const definition = workflowOf(workflow);
  if (!definition.info.recoverable) throw new PerdureError("NOT_RECOVERABLE", { workflow: definition.info.name });
  const { tags, conditions } = checkStartManyOptions(options);
  const shared = { definition, body: bodyOf(definition, workflow), caller: selfOf(workflow), tags, id: undefined };
  const requests = Array.from(list, (args) => ({ ...shared, args, ...(conditions && { conditions }) }));
  const runtime = currentRuntime();
  const ids = await runtime.starter.beginLater(requests);
  return ids.map((id) => new Run<R>(runtime, id));
}

export interface ManyOptions {
  /** Called after each page of 1,000 runs. */
  readonly onProgress?: (soFar: ManyResult) => void;
  /** Ends the call after the page that it is at. */
  readonly signal?: AbortSignal;
}

export interface ManyResult {
  /** Runs that the filter found. */
  readonly found: number;
  /** Those of them that the call changed. */
  readonly changed: number;
  /** Those that could not be changed, and why: the first 100. */
  readonly errors: readonly { readonly run: string; readonly error: unknown }[];
}

type Filter = Omit<ListOptions, "limit" | "before" | "order">;

/**
 * Cancels all runs of the filter that have not ended. May be called again if the program ended before: those that are cancelled are not found again.
 * @param filter - as that of `listRuns`. Default status: all that have not ended
 * @param options.reason - as that of `run.cancel`
 */
export async function cancelMany(
  filter: Filter,
  options: ManyOptions & { readonly reason?: unknown } = {},
): Promise<ManyResult> {
  checkOptions(options, { onProgress: true, signal: true, reason: true }, "cancelMany()");
  return each({ status: ["pending", "running", "waiting"], ...filter }, options, (run) => run.cancel(options.reason));
}

/**
 * Tries all failed runs of the filter again, as `run.retry` does. May be called again if the program ended before.
 * @param filter - as that of `listRuns`
 * @param options.force - also runs that have compensated
 */
export async function retryMany(
  filter: Filter,
  options: ManyOptions & { readonly force?: boolean } = {},
): Promise<ManyResult> {
  const { force = false } = checkOptions(options, { onProgress: true, signal: true, force: true }, "retryMany()");
  return each({ ...filter, status: "failed" }, options, (run) => run.retry({ force }));
}

const PAGE = 1_000;
const MOST_ERRORS = 100;

async function each(
  filter: ListOptions,
  { onProgress, signal }: ManyOptions,
  change: (run: Run) => Promise<boolean>,
): Promise<ManyResult> {
  const runtime: Runtime = currentRuntime();
  let found = 0;
  let changed = 0;
  const errors: { run: string; error: unknown }[] = [];
  for (let { after } = filter; ;) {
    signal?.throwIfAborted();
    const page = await listRunsOf(runtime, { ...filter, limit: PAGE, after });
    for (const { id } of page) {
      try {
        if (await change(new Run(runtime, id))) changed++;
      } catch (error) {
        if (errors.length < MOST_ERRORS) errors.push({ run: id, error });
      }
    }
    found += page.length;
    after = page.at(-1)?.cursor;
    if (after !== undefined) onProgress?.({ found, changed, errors: [...errors] });
    if (page.length < PAGE) return { found, changed, errors };
    await new Promise((resolve) => nextTurn(resolve)); // others get their turn
  }
}
