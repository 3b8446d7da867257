import type { Run, RunInfo, StepInfo, Wait } from "perdure";
import type { RunItem, Status, StepItem, WaitItem } from "../api.ts";
import { headline } from "../show/index.ts";
import { LIST_LIMIT, valueText } from "./texts.ts";

/** `blocked` is a status of its own for people. */
export const statusOf = ({ status, blocked }: Pick<RunInfo, "status" | "blocked">): Status =>
  blocked ? "blocked" : status;

const time = <K extends string>(key: K, date: Date | undefined): { readonly [k in K]?: number } =>
  (date ? { [key]: date.getTime() } : {}) as { readonly [k in K]?: number };

/** Whether the run was deleted. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "RUN_NOT_FOUND";

/** @param limit - characters of what it last said with `progress()` */
export function runItem(run: RunInfo, limit = LIST_LIMIT): RunItem {
  const { id, workflow, file, tags, parent, forkOf, error, blocked, progress, restarts, compensated, cursor } = run;
  return {
    id,
    workflow,
    file,
    status: statusOf(run),
    tags,
    ...(parent !== undefined && { parent }),
    ...(forkOf !== undefined && { forkOf }),
    ...(run.queue && { queue: run.queue }),
    inLine: run.inLine,
    ...(run.schedule !== undefined && { schedule: run.schedule }),
    createdAt: run.createdAt.getTime(),
    updatedAt: run.updatedAt.getTime(),
    ...time("endedAt", run.endedAt),
    ...time("wakeAt", run.wakeAt),
    ...(error !== undefined && { error: headline(error) }),
    ...(blocked && { blocked: { error: blocked.error, message: blocked.message } }),
    ...(progress !== undefined && { progress: valueText(progress, limit) }),
    restarts,
    compensated,
    ...(cursor !== undefined && { cursor }),
  };
}

/** What a run waits for; a signal with the schema of its payload, which the form for it is made from. */
export async function waitItem(run: Run, workflow: string, wait: Wait): Promise<WaitItem> {
  const { kind, step, name, run: child, location, until, queue, key, since } = wait;
  const payloadSchema = kind === "signal" && step !== undefined ? await payloadSchemaOf(run, step) : undefined;
  return {
    run: run.id,
    workflow,
    ...(step !== undefined && { step }),
    kind,
    ...(name !== undefined && { name }),
    ...(child !== undefined && { child }),
    ...(location !== undefined && { location }),
    ...time("until", until),
    ...(queue !== undefined && { queue }),
    ...(key !== undefined && { key }),
    ...time("since", since),
    ...(payloadSchema !== undefined && { payloadSchema }),
  };
}

/** The wait may have ended meanwhile. */
const payloadSchemaOf = async (run: Run, step: string): Promise<unknown> =>
  run.step(step).then(
    (found) => found.payloadSchema,
    () => undefined,
  );

/** @param waits - of the run */
export function stepItem(step: StepInfo, waits: readonly Wait[] = []): StepItem {
  const { id, kind, name, state, seq, location, path, outer, target, attempts, failedAttempts = [], error } = step;
  const line = waits.find((wait) => wait.kind === "queue" && wait.step === id);
  return {
    id,
    kind,
    name,
    state,
    ...(seq !== undefined && { seq }),
    ...(location !== undefined && { location }),
    path,
    ...(outer !== undefined && { outer }),
    ...(target !== undefined && { target }),
    attempts,
    failedAttempts: failedAttempts.map((failed) => ({
      attempt: failed.attempt,
      startedAt: failed.startedAt.getTime(),
      endedAt: failed.endedAt.getTime(),
      error: headline(failed.error),
    })),
    startedAt: step.startedAt.getTime(),
    ...time("finishedAt", step.finishedAt),
    ...time("dueAt", step.dueAt),
    ...(line?.queue !== undefined && { inLineOf: line.queue }),
    ...(error !== undefined && { error: headline(error) }),
  };
}
