import { taskContext, workflowContext, type TaskContext } from "perdure";

/** What `read` returns, or undefined where it throws because the calling code is elsewhere. */
function unlessOutside<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The attempt of a task that the calling code belongs to; undefined elsewhere. */
export const attemptHere = (): TaskContext | undefined => unlessOutside(taskContext);

/** Whether the calling code belongs to a workflow's body or its helpers. */
export const isInWorkflow = (): boolean => unlessOutside(workflowContext) !== undefined;

/**
 * What stands for the execution of the run, or for the attempt of a task, that the calling code belongs to: the same object for all of its calls. Undefined
 * outside of runs.
 */
export const executionHere = (): object | undefined => (unlessOutside(workflowContext) ?? attemptHere())?.signal;
