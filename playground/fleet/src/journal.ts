import { appendFileSync } from "node:fs";
import { taskContext } from "perdure";

const { JOURNAL = "", MACHINE = "" } = process.env;

/**
 * Records when an attempt of the current task begins and how it ends, in a file that is independent of Perdure and its database. The launcher compares the file with the store.
 * @param work - is given the idempotency key, which is the same in each attempt
 */
export async function journal<T>(work: (idempotencyKey: string) => Promise<T>): Promise<T> {
  const { runId, stepId, idempotencyKey } = taskContext();
  const note = (event: "begin" | "end" | "failed"): void =>
    appendFileSync(JOURNAL, `${[event, runId, stepId, MACHINE, process.pid, Date.now()].join(" ")}\n`);
  note("begin");
  try {
    const result = await work(idempotencyKey);
    note("end");
    return result;
  } catch (error) {
    note("failed");
    throw error;
  }
}
