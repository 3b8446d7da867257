import { PerdureError } from "@perdure/protocol";
import { inputOf } from "../queues/run-input.ts";
import { context, currentScope } from "../execution/current.ts";

/** What a workflow can know of its run. */
export interface WorkflowContext<A extends readonly unknown[] = readonly unknown[]> {
  readonly runId: string;
  readonly workflow: string;
  /** The arguments of the workflow, as recorded: each read gives a new copy. */
  readonly input: A;
  /** Whether recorded steps are being replayed. For logs: what a workflow does must not depend on it. */
  readonly isReplaying: boolean;
  /** When the run was created, or last restarted; the same in every replay. */
  readonly startedAt: Date;
  /** Aborted when the run's cancellation is delivered to it. */
  readonly signal: AbortSignal;
}

/**
 * The run that the calling code belongs to: the body of a workflow, or a helper that it calls. Not in a task, which has `taskContext()`.
 * @throws PerdureError `NOT_IN_A_WORKFLOW`
 */
export function workflowContext<A extends readonly unknown[] = readonly unknown[]>(): WorkflowContext<A> {
  const execution = currentScope()?.execution;
  if (!execution) throw new PerdureError("NOT_IN_A_WORKFLOW", {});
  const { run, host } = execution;
  return {
    runId: run.id,
    workflow: run.workflow,
    get input() {
      return inputOf(host.values, run) as unknown as A;
    },
    get isReplaying() {
      return execution.isReplaying;
    },
    startedAt: new Date(run.startedAt),
    get signal() {
      return execution.cancelSignal;
    },
  };
}

/**
 * Says how far the run is, in a workflow or a task: `run.info()` and `subscribe()` show it in every process. The latest value wins. It is durable with the
 * run's next commit, at most about 200 ms later. In a replay of recorded steps it does nothing, nor outside of a run.
 * @throws PerdureError `VALUE_NOT_STORABLE`
 */
export function progress(value: unknown): void {
  const current = context.getStore();
  if (current === undefined || current.kind === "launch") return;
  if (current.kind === "task" || !current.execution.isReplaying) current.execution.progress(value);
}
