import { appendFileSync } from "node:fs";
import { taskContext } from "perdure";

const file = process.env["ETL_JOURNAL"];

/**
 * Records when an execution of the current task begins and how it ends, in a file that is independent of Perdure. The launcher compares the
 * file with the store.
 */
export async function journal<T>(work: () => T | Promise<T>): Promise<T> {
  noteExecution("begin");
  try {
    const result = await work();
    noteExecution("end");
    return result;
  } catch (error) {
    noteExecution("failed");
    throw error;
  }
}

function noteExecution(event: "begin" | "end" | "failed"): void {
  if (file === undefined) return;
  const { stepId, attempt } = taskContext();
  note(stepId, attempt, event);
}

export const noteReplay = (stepId: string): void => note(stepId, 0, "replayed");

/** `clean for[3]/clean[0] 1 4711 begin` */
function note(stepId: string, attempt: number, event: string): void {
  if (file !== undefined) appendFileSync(file, `${nameOf(stepId)} ${stepId} ${attempt} ${process.pid} ${event}\n`);
}

/** `for[3]/clean[0]` → `clean` */
const nameOf = (stepId: string): string => stepId.slice(stepId.lastIndexOf("/") + 1).replace(/[~[].*/, "");
