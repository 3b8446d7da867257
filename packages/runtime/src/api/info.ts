import { outerStepId, splitStepId, stepName } from "@perdure/protocol";
import {
  isFinal,
  type Blocked,
  type ListedRun,
  type QueueItem,
  type RunHead,
  type RunStatus,
  type StepKind,
  type StepRow,
  type Store,
} from "@perdure/store";
import { shown, type Shower } from "../config/redact.ts";
import type { Redacted } from "../config/settings.ts";
import { failedAttemptsOf } from "../history/failed-attempts.ts";
import { guarded } from "../values/describe.ts";
import { CancelledError } from "../values/errors.ts";

/** What is recorded of a run. Dates are of the clock of the process that wrote them. */
export interface RunInfo {
  readonly id: string;
  readonly workflow: string;
  /** File of the module that defines the workflow, relative to the project's root. */
  readonly file: string;
  readonly status: RunStatus;
  readonly tags: readonly string[];
  /** Id of the run that called the workflow and waits for it. */
  readonly parent?: string;
  /** Id of the run that this run is a fork of. */
  readonly forkOf?: string;
  /** Name of the schedule that started the run. */
  readonly schedule?: string;
  /** The queue whose slots the run needs. */
  readonly queue?: { readonly name: string; readonly key?: string };
  /** Whether the run is pending because it stands in line of its queue. */
  readonly inLine: boolean;
  readonly createdAt: Date;
  /** When the run was last resumed, left memory, ended, or was asked to cancel. */
  readonly updatedAt: Date;
  readonly endedAt?: Date;
  /** When a waiting run continues without an event from outside. */
  readonly wakeAt?: Date;
  /** Why the run was stopped before its end. Such a run is `pending`; a worker resumes it only under other code. */
  readonly blocked?: Blocked;
  /** What a failed or cancelled run ended with. */
  readonly error?: unknown;
  /** What the run last said with `progress()`. */
  readonly progress?: unknown;
  /** Whether a failed run has undone what it did: then only `restart`, or `retry` by force, begins it again. */
  readonly compensated: boolean;
  /** How often the run was begun again from the top. */
  readonly restarts: number;
  /** The place of the run in the list that `listRuns()` returned: `after` of the next page. */
  readonly cursor?: string;
}

/** What a run waits for: the end of a `sleep`, a `signal`, the end of a child run, the next attempt of a task, or a slot of a queue. */
export interface Wait {
  readonly kind: "sleep" | "signal" | "child" | "retry" | "queue";
  /** Undefined where the run itself stands in line of its queue. */
  readonly step?: string;
  readonly location?: string;
  /** The name of the signal, or of the task. */
  readonly name?: string;
  /** Id of the child run. */
  readonly run?: string;
  /** When the wait ends without an event from outside. */
  readonly until?: Date;
  /** The queue that the run or the task stands in line of, the key under which it does, and when it came. */
  readonly queue?: string;
  readonly key?: string;
  readonly since?: Date;
}

export interface RunDetails extends RunInfo {
  readonly waitingFor: readonly Wait[];
}

/** What is recorded of a step. The first attempt of a task is recorded when it ends. */
export interface StepInfo {
  readonly id: string;
  readonly kind: StepKind;
  /** Name of the task, of the workflow of a child run, or of the signal. */
  readonly name: string;
  /** `open`: a wait that has not ended, or a task between two attempts. */
  readonly state: "open" | "completed" | "failed";
  /** Place among the finished steps of the run, in the order in which the workflow saw them, from 1. */
  readonly seq?: number;
  /** Where it was called, such as `src/orders.ts:12:18`. */
  readonly location?: string;
  /** The texts of the scopes that lead to the step, and its own. */
  readonly path: readonly string[];
  /** Id of the step whose task called it. */
  readonly outer?: string;
  /** Name of the signal, or id of the child run. */
  readonly target?: string;
  readonly attempts: number;
  /** Those attempts of a task that ended with an error: the first one and the latest 19. */
  readonly failedAttempts?: readonly FailedAttempt[];
  /** When the first attempt began. */
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  /** When an open step continues without an event from outside. */
  readonly dueAt?: Date;
  /** Arguments of a task, where `configure({ recordInputs })` had them recorded. */
  readonly input?: unknown;
  /** JSON schema of what an open wait for a signal accepts, where its schema can be written as such. */
  readonly payloadSchema?: unknown;
  readonly output?: unknown;
  /** What a failed step, or the last attempt of an open one, ended with. */
  readonly error?: unknown;
}

/** An attempt of a task that ended with an error. One that ended with its process is only counted. */
export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** A long one that was followed by another attempt has only its name and the beginning of its message. */
  readonly error: unknown;
}

export function runInfo(reader: Shower, head: RunHead & Partial<Pick<ListedRun, "cursor">>): RunInfo {
  const { id, workflow, file, status, tags = [], parent, forkOf, schedule, queue, inLine = false } = head;
  const { wakeAt, blocked, output, progress, restarts, cursor } = head;
  const about = (value: Redacted["value"]): Redacted => ({ value, run: id, workflow });
  return {
    id,
    workflow,
    file,
    status,
    tags,
    ...(parent !== undefined && { parent }),
    ...(forkOf !== undefined && { forkOf }),
    ...(schedule !== undefined && { schedule }),
    ...(queue && { queue: { name: queue.queue, ...(queue.key !== "" && { key: queue.key }) } }),
    inLine,
    createdAt: new Date(head.createdAt),
    updatedAt: new Date(head.updatedAt),
    ...(isFinal(status) && { endedAt: new Date(head.updatedAt) }),
    ...(wakeAt !== undefined && { wakeAt: new Date(wakeAt) }),
    ...(blocked && { blocked }),
    ...(output !== undefined &&
      status !== "completed" && { error: errorOf(status, shown(reader, output, about("error"))) }),
    ...(progress !== undefined && { progress: shown(reader, progress, about("progress")) }),
    compensated: head.compensated === true,
    restarts,
    ...(cursor !== undefined && { cursor }),
  };
}

/** A run that was cancelled before it began has the reason in place of the error. */
const errorOf = (status: RunStatus, value: unknown): unknown =>
  status === "cancelled" && !(value instanceof Error) ? new CancelledError(value) : value;

/** What a run waits for now: the run itself, then its open steps. */
export async function readWaits(store: Store, run: string): Promise<Wait[]> {
  const open = await store.steps(run, { open: true, values: false });
  return waitsOf(open, (await store.queueItems?.(run)) ?? []);
}

/** A task whose attempt was recorded when it began waits for nothing. */
function waitsOf(open: readonly StepRow[], items: readonly QueueItem[]): Wait[] {
  const inLine = items.filter((item) => item.inLine);
  const own = inLine.filter(({ step }) => step === undefined).map(lineWait);
  const ofSteps = open.flatMap(({ id, kind, location, target, dueAt }): Wait[] => {
    const where = { step: id, ...(location !== undefined && { location }) };
    const until = dueAt !== undefined && { until: new Date(dueAt) };
    const item = inLine.find(({ step }) => step === id);
    if (item) return [{ ...lineWait(item), ...where, name: stepName(id) }];
    if (kind === "sleep") return [{ kind, ...where, ...until }];
    if (kind === "signal") return [{ kind, ...where, name: target ?? "", ...until }];
    if (kind === "child") return [{ kind, ...where, run: target ?? "" }];
    return kind === "task" && until ? [{ kind: "retry" as const, ...where, name: stepName(id), ...until }] : [];
  });
  return [...own, ...ofSteps];
}

function lineWait({ queue, key, since }: QueueItem): Wait {
  return { kind: "queue", queue, ...(key !== "" && { key }), since: new Date(since) };
}

export function stepInfo(reader: Shower, run: Pick<RunHead, "id" | "workflow">, row: StepRow): StepInfo {
  const { id, kind, state, seq, location, target, attempt, startedAt, finishedAt, dueAt, input, output } = row;
  const outer = outerStepId(id);
  const about = (value: Redacted["value"]): Redacted => ({ value, run: run.id, workflow: run.workflow, step: id });
  const outcome = state === "completed" ? "output" : "error";
  return {
    id,
    kind,
    name: kind === "signal" ? (target ?? "") : nameOf(id),
    state,
    ...(seq !== undefined && { seq }),
    ...(location !== undefined && { location }),
    path: splitStepId(id),
    ...(outer !== undefined && { outer }),
    ...(target !== undefined && (kind === "signal" || kind === "child") && { target }),
    attempts: attempt,
    ...(row.failedAttempts !== undefined && {
      failedAttempts: failedAttemptsOf(row).map(({ attempt: number, startedAt: began, endedAt, error }) => ({
        attempt: number,
        startedAt: new Date(began),
        endedAt: new Date(endedAt),
        error: shown(reader, error, about("error")),
      })),
    }),
    startedAt: new Date(startedAt),
    ...(finishedAt !== undefined && { finishedAt: new Date(finishedAt) }),
    ...(dueAt !== undefined && { dueAt: new Date(dueAt) }),
    ...(input !== undefined && {
      [kind === "signal" ? "payloadSchema" : "input"]: shown(reader, input, about("input")),
    }),
    ...(output !== undefined && { [outcome]: shown(reader, output, about(outcome)) }),
  };
}

/** The id of a cancellation is not a step id. */
const nameOf = (id: string): string => guarded(() => stepName(id), id);
