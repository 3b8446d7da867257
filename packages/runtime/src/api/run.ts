import { randomUUID } from "../crypto.ts";
import { checkOptions, PerdureError } from "@perdure/protocol";
import type { RunRow, RunStatus, StepFilter } from "@perdure/store";
import { checkId } from "../definitions/run-id.ts";
import type { Runtime } from "../process/runtime.ts";
import { shown } from "../config/redact.ts";
import { Readable, type ReadableOptions } from "../streams/readable.ts";
import { storedName } from "../values/stored-name.ts";
import { inputOf } from "../queues/run-input.ts";
import { executionsOf, type RunExecution } from "./executions.ts";
import { readWaits, runInfo, stepInfo, type RunDetails, type StepInfo } from "./info.ts";

export type { RunStatus } from "@perdure/store";

/** A run, from any process that has the store. */
export class Run<R = unknown> {
  readonly id: string;
  private readonly runtime: Runtime;

  constructor(runtime: Runtime, id: string) {
    this.runtime = runtime;
    this.id = id;
  }

  /**
   * The workflow's result. Waits while another process executes the run, and executes it here when no process does.
   * @throws what the workflow threw; CancelledError; PerdureError when the run was stopped before its end (it stays resumable)
   */
  result(): Promise<R> {
    return this.runtime.followers.result(this.id) as Promise<R>;
  }

  async status(): Promise<RunStatus> {
    return (await this.runtime.requests.row(this.id)).status;
  }

  /**
   * What is recorded of the run, and what it waits for. Does not resume it.
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async info(): Promise<RunDetails> {
    const row = await this.runtime.requests.row(this.id);
    const store = await this.runtime.ready();
    return { ...runInfo(this.runtime, row), waitingFor: await readWaits(store, this.id) };
  }

  /**
   * The recorded steps: the finished ones in the order in which the workflow saw them, then the open ones. Does not resume the run.
   * @param options.after - only finished steps with a higher `seq`, for the next page
   * @param options.open - true: only open steps
   * @param options.limit - at most so many. Default: all
   * @param options.values - false: without inputs and outputs, which are then not read. Errors stay
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async steps(options: Pick<StepFilter, "after" | "open" | "limit" | "values"> = {}): Promise<StepInfo[]> {
    checkOptions(options, { after: true, open: true, limit: true, values: true }, "run.steps()");
    return this.readSteps(options);
  }

  /**
   * What is recorded of one step. Does not resume the run.
   * @throws PerdureError `RUN_NOT_FOUND`, `STEP_NOT_FOUND`
   */
  async step(id: string): Promise<StepInfo> {
    const [step] = await this.readSteps({ id });
    if (!step) throw new PerdureError("STEP_NOT_FOUND", { run: this.id, step: id, wanted: "recorded" });
    return step;
  }

  private async readSteps(filter: StepFilter): Promise<StepInfo[]> {
    const row = await this.runtime.requests.row(this.id);
    const steps = await (await this.runtime.ready()).steps(this.id, filter);
    return steps.map((step) => stepInfo(this.runtime, row, step));
  }

  /**
   * The lives of the run, oldest first: when a process took it up, and how that ended. Does not resume the run.
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async executions(): Promise<RunExecution[]> {
    const { owners, clock } = this.runtime;
    const row = await this.runtime.requests.row(this.id);
    const claims = await (await this.runtime.ready()).executions(this.id);
    return executionsOf(row, claims, { now: clock.now(), stateOf: (owner) => owners.stateOf(owner) });
  }

  /**
   * The chunks of a stream that the run or its tasks write with `writable()`: from any process, while they are written and afterwards, in the order in which they were recorded. It ends
   * with the stream, or with the run, and fails with what the run fails with. Does not resume the run, and reads nothing before it is asked for something.
   * @param options.from - the index of the first chunk. Default 0
   * @throws PerdureError `OPTION_INVALID`; the stream fails with `STREAM_RESET` where chunks that were received are void, unless `onReset` is given
   */
  readable<T = unknown>(name = "default", options: ReadableOptions = {}): Readable<T> {
    checkOptions(options, { from: true, signal: true, onReset: true }, "run.readable()");
    const { tails, values, requests } = this.runtime;
    const row = (id: string): Promise<RunRow> => requests.row(id);
    return new Readable({ tails, values, row }, { run: this.id, stream: storedName(name) }, options);
  }

  /** The arguments of the workflow, as `configure({ redact })` lets them be shown. */
  async input(): Promise<unknown> {
    const row = await this.runtime.requests.row(this.id);
    const { workflow, batch } = row;
    const { values } = this.runtime;
    const input = batch ? values.encode(inputOf(values, row), "the input") : row.input;
    return shown(this.runtime, input, { value: "input", run: this.id, workflow });
  }

  /** What the run completed with, as `configure({ redact })` lets it be shown; undefined while it has not. Unlike `result()`, it waits for nothing. */
  async output(): Promise<unknown> {
    const { workflow, status, output } = await this.runtime.requests.row(this.id);
    if (status !== "completed" || output === undefined) return undefined;
    return shown(this.runtime, output, { value: "output", run: this.id, workflow });
  }

  /**
   * Cancels the run. Its waits and every later durable call reject with a `CancelledError`, except in clean-up (`catch`, `finally`, disposal) and in
   * `shield`, so that compensating tasks run. Running tasks see their `AbortSignal` aborted. The request is durable when this resolves.
   * @returns false when the run has ended already
   */
  cancel(reason?: unknown): Promise<boolean> {
    return this.runtime.requests.cancel(this.id, reason);
  }

  /**
   * Tries a failed run again from its failure: completed steps and handled failures are replayed, the other failed steps run again.
   * @param options.force - also a run that has compensated: one whose clean-up has made durable calls since the failure
   * @returns false when the run is not failed
   * @throws PerdureError `RUN_COMPENSATED`: see `restart`
   */
  async retry(options: { readonly force?: boolean } = {}): Promise<boolean> {
    const { force = false } = checkOptions(options, { force: true }, "run.retry()");
    const row = await this.runtime.requests.row(this.id);
    return this.resumed(await this.runtime.starter.retry(row, force));
  }

  /**
   * Begins a run that has ended again from the top, with the same input: its record is deleted, and its tasks get other idempotency keys. Child
   * runs without an id of their own are new runs; those with one that failed are restarted as well. Deliveries of signals that were consumed are
   * not given again. The request is durable when this resolves.
   * @returns false when the run has not ended
   */
  async restart(): Promise<boolean> {
    await this.runtime.requests.row(this.id);
    return this.resumed(await this.runtime.starter.restart(this.id));
  }

  /**
   * Starts a new run of the workflow with the same input and with the steps that this run finished before the step `from`: they are not executed
   * again. The step itself and what comes after it are. This run does not change. Tasks of the new run have other idempotency keys.
   * @param options.from - id of a finished step
   * @param options.id - default: this run's id and a random part. If a run with the id exists, the result is that run
   * @throws PerdureError `RUN_NOT_FOUND`, `STEP_NOT_FOUND`, `RUN_ID_INVALID`
   */
  async fork(options: { readonly from: string; readonly id?: string }): Promise<Run<R>> {
    const { from, id } = checkOptions(options, { from: true, id: true }, "run.fork()");
    const { workflow } = await this.runtime.requests.row(this.id); // RUN_NOT_FOUND comes first
    const store = await this.runtime.ready();
    const forkId = id === undefined ? `${this.id}:fork-${randomUUID().slice(0, 8)}` : checkId(id, workflow);
    const forked = await store.fork({ run: this.id, from, id: forkId });
    if (!forked) throw new PerdureError("STEP_NOT_FOUND", { run: this.id, step: from, wanted: "finished" });
    await this.runtime.requests.resume(forkId);
    return new Run<R>(this.runtime, forkId);
  }

  /**
   * Lets a blocked run be tried again under the same code, here or by a worker: the reason may have passed.
   * @returns false when the run is not blocked
   */
  async unblock(): Promise<boolean> {
    await this.runtime.requests.row(this.id);
    return this.resumed(await (await this.runtime.ready()).unblock(this.id));
  }

  /**
   * Deletes the run, its steps and its signals. Its children stay.
   * @param options.force - also a run that has not ended, as long as no process executes it: cancel it first
   * @returns false when the run has not ended, or a process executes it
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async delete(options: { readonly force?: boolean } = {}): Promise<boolean> {
    const { force = false } = checkOptions(options, { force: true }, "run.delete()");
    await this.runtime.requests.row(this.id);
    const store = await this.runtime.ready();
    return (await store.delete({ run: this.id, force })) === true;
  }

  private async resumed(accepted: boolean | undefined): Promise<boolean> {
    if (accepted === true) await this.runtime.requests.resume(this.id);
    return accepted === true;
  }
}
