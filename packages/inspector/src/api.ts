/**
 * What the HTTP API answers, and what the page reads. Times are milliseconds since 1970. Values are text, made for people: the page never gets a
 * value of the program, and a secret that `configure({ redact })` hides does not leave the process.
 *
 * GET  api/overview                                       Overview
 * GET  api/runs?status&workflow&tag&search&parent&schedule&created-after&created-before&after&limit    RunList, newest first
 * GET  api/run?id                                         RunPage
 * GET  api/steps?run&after&limit                          StepList, in the order of their ends
 * GET  api/step?run&id                                    StepPage
 * GET  api/conversation?run                               ConversationPage, see api-conversation.ts
 * GET  api/workflows                                      WorkflowItem[]
 * GET  api/workflow?name                                  WorkflowPage
 * GET  api/queues                                         QueueItem[], by name
 * GET  api/queue?name&limit                               QueuePage
 * GET  api/schedules                                      ScheduleItem[], by name
 * GET  api/waiting?after&limit                            WaitList, the next due first
 * GET  api/changes?run|queue                                  server-sent events `change`, without data: read again what you show
 * POST api/actions/retry|restart|cancel|unblock|fork|delete|signal    ActionBody → ActionAnswer
 * POST api/schedule-actions/pause|resume|run|remove       ScheduleActionBody → ActionAnswer
 *
 * `status`, `workflow` and `tag` may be given several times. An error is `Problem` with a status of 400 and more.
 */

export type Status = "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "blocked";

/** A value as text. */
export interface ValueText {
  readonly text: string;
  /** Whether the text is only the beginning of the value's text. */
  readonly isCut: boolean;
}

export interface RunItem {
  readonly id: string;
  readonly workflow: string;
  readonly file: string;
  readonly status: Status;
  readonly tags: readonly string[];
  readonly parent?: string;
  readonly forkOf?: string;
  readonly queue?: { readonly name: string; readonly key?: string };
  /** Name of the schedule that started it. */
  readonly schedule?: string;
  /** It is pending because it stands in line of its queue. */
  readonly inLine: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
  readonly wakeAt?: number;
  /** `Name: message`, one line. */
  readonly error?: string;
  /** Code and message of what blocks it. */
  readonly blocked?: { readonly error: string; readonly message: string };
  readonly progress?: ValueText;
  readonly restarts: number;
  /** Its clean-up has undone what it did, so a retry needs force. */
  readonly compensated: boolean;
  /** Its place in the list that has it. */
  readonly cursor?: string;
}

export interface RunList {
  readonly runs: readonly RunItem[];
  /** Whether older runs follow: ask with `after` and the cursor of the last one. */
  readonly hasMore: boolean;
}

export interface Overview {
  /** Name of the store, such as `sqlite:perdure.db`. */
  readonly store: string;
  /** Time of the server. */
  readonly now: number;
  readonly counts: Readonly<Record<Status, number>>;
  readonly workflows: readonly string[];
  /** Whether actions are allowed. */
  readonly canAct: boolean;
}

/** Lines of a source around a line. */
export interface SourceLines {
  /** Such as `src/orders.ts:12:18`. */
  readonly location: string;
  readonly firstLine: number;
  readonly lines: readonly string[];
  /** Line and column, from 1. */
  readonly line: number;
  readonly column: number;
}

export interface ErrorText {
  /** `Name: message`, one line. */
  readonly headline: string;
  /** The whole error with its stack, causes and fields. */
  readonly detail: ValueText;
  /** Where in the program it was thrown. */
  readonly source?: SourceLines;
}

export interface WaitItem {
  readonly run: string;
  readonly workflow: string;
  /** Undefined where the run itself stands in line of its queue. */
  readonly step?: string;
  readonly kind: "sleep" | "signal" | "child" | "retry" | "queue";
  /** The name of the signal or the task. */
  readonly name?: string;
  /** Id of the child run. */
  readonly child?: string;
  readonly location?: string;
  /** When it ends without an event from outside. */
  readonly until?: number;
  /** The queue that it stands in line of, under which key, and since when. */
  readonly queue?: string;
  readonly key?: string;
  readonly since?: number;
  /** JSON schema of the payload of a signal, where the program has one that can be written as such. */
  readonly payloadSchema?: unknown;
}

export interface WaitList {
  readonly waits: readonly WaitItem[];
  /** Ask with `after`. Undefined: these are all. */
  readonly next?: string;
}

/** One life of a run in a process. */
export interface ExecutionItem {
  /** From 1. */
  readonly number: number;
  readonly startedAt: number;
  /** Undefined: it has not ended, or the time at which its process died is not known. */
  readonly endedAt?: number;
  /** `released`: the run left memory while it waited, or its process closed. `died`: its process was gone, or did not renew its lease. */
  readonly end: "running" | "released" | "died" | "ended";
  readonly owner?: string;
}

export interface RunPage {
  readonly run: RunItem;
  readonly input: ValueText;
  readonly output?: ValueText;
  readonly error?: ErrorText;
  /** The step whose failure ended the run. */
  readonly failedStep?: { readonly id: string; readonly location?: string; readonly source?: SourceLines };
  readonly waitingFor: readonly WaitItem[];
  /** A call of a model has written to a stream of the run. */
  readonly hasWriting: boolean;
  readonly executions: readonly ExecutionItem[];
  readonly children: readonly RunItem[];
  readonly hasMoreChildren: boolean;
}

export interface FailedAttempt {
  readonly attempt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** `Name: message`, one line. */
  readonly error: string;
}

export interface StepItem {
  readonly id: string;
  readonly kind: "task" | "sleep" | "signal" | "child" | "start" | "cancel";
  readonly name: string;
  readonly state: "open" | "completed" | "failed";
  readonly seq?: number;
  readonly location?: string;
  /** The texts of the scopes that lead to the step, and its own: the tree of steps is made of these. */
  readonly path: readonly string[];
  /** Id of the step whose task called it. */
  readonly outer?: string;
  /** Name of the signal, or id of the child run. */
  readonly target?: string;
  readonly attempts: number;
  readonly failedAttempts: readonly FailedAttempt[];
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly dueAt?: number;
  /** An open task stands in line of this queue. */
  readonly inLineOf?: string;
  /** `Name: message`, one line. */
  readonly error?: string;
}

export interface StepList {
  /** Finished steps in the order of `seq`; after the last of them the open ones. */
  readonly steps: readonly StepItem[];
  /** Ask with `after`. Undefined: the open steps are among these. */
  readonly next?: number;
}

export interface StepPage {
  readonly step: StepItem;
  /** Where the program records inputs. */
  readonly input?: ValueText;
  readonly output?: ValueText;
  readonly error?: ErrorText;
  /** Where the step was called. */
  readonly source?: SourceLines;
}

export interface WorkflowItem {
  readonly name: string;
  readonly file: string;
  readonly counts: Readonly<Record<Status, number>>;
  /** Of the latest ended runs: how many, the part that failed (0 to 1), and their time from creation to end in milliseconds. */
  readonly sample: number;
  readonly failureRate?: number;
  readonly p50?: number;
  readonly p95?: number;
}

/** What a queue, or one key of it, is doing. */
interface InLine {
  /** What stands in line. */
  readonly waiting: number;
  /** Slots that are taken, or kept for a moment. */
  readonly running: number;
  /** When the one that has stood in line for longest came. */
  readonly oldest?: number;
}

export interface QueueItem extends InLine {
  readonly name: string;
  /** Its limits in words, such as `5 at once, 10 a minute`. */
  readonly limits: string;
  /** At most so many slots. */
  readonly concurrency?: number;
}

export interface QueueKeyItem extends InLine {
  /** Empty: what has no key. */
  readonly key: string;
}

export interface QueuePage {
  readonly queue: QueueItem;
  /** Those with the most in line first. */
  readonly keys: readonly QueueKeyItem[];
  readonly hasMoreKeys: boolean;
}

export interface ScheduleItem {
  readonly name: string;
  readonly workflow: string;
  readonly file: string;
  /** The cron expression, or `every 1h`. */
  readonly expression: string;
  readonly timezone?: string;
  /** Undefined: it is paused, or has no further tick. */
  readonly next?: number;
  /** The last tick that started a run, that run, and how it stands, unless it was deleted. */
  readonly last?: number;
  readonly lastRun?: string;
  readonly lastStatus?: Status;
  readonly paused: boolean;
  /** What keeps it from ticking: no worker takes it up, or the program that serves the page has not loaded its workflow. */
  readonly problem?: "overdue" | "missing";
  /** Ticks that wait for the end of an earlier run. */
  readonly waiting: number;
}

/** A scope of the workflow (itself, a function that it calls, a loop), or a durable call in it. */
export interface GraphNode {
  readonly kind: "workflow" | "function" | "loop" | "task" | "sleep" | "signal" | "child" | "start";
  readonly name: string;
  readonly location?: string;
  /** Of the steps of the latest runs that were recorded there. */
  readonly stats?: StepStats;
  readonly children: readonly GraphNode[];
}

export interface StepStats {
  readonly count: number;
  readonly failed: number;
  readonly retried: number;
  /** Milliseconds from begin to end. */
  readonly p50?: number;
  readonly p95?: number;
}

export interface WorkflowPage {
  readonly workflow: WorkflowItem;
  /** Made of the steps of the latest runs. */
  readonly graph: GraphNode;
  /** How many of the latest runs `graph` and `stats` cover. */
  readonly sampledRuns: number;
  /** The durable calls in the modules of the workflow that none of these runs recorded a step of. */
  readonly unreached: readonly { readonly name: string; readonly location: string }[];
}

export type ActionName = "retry" | "restart" | "cancel" | "unblock" | "fork" | "delete" | "signal";

export interface ActionBody {
  readonly run: string;
  /** `retry`: also a run that has compensated. `delete`: also a run that has not ended and that no process executes. */
  readonly force?: boolean;
  /** `cancel`: is part of the error that the workflow sees. */
  readonly reason?: string;
  /** `fork`: id of the finished step that is done again. */
  readonly from?: string;
  /** `fork`: id of the new run. */
  readonly id?: string;
  /** `signal`: its name, and its payload as JSON. No payload: undefined. */
  readonly name?: string;
  readonly payload?: unknown;
  /** `signal`: also to a run that does not exist yet, which the API does not offer. */
  readonly early?: boolean;
}

export type ScheduleActionName = "pause" | "resume" | "run" | "remove";

export interface ScheduleActionBody {
  readonly schedule: string;
}

export interface ActionAnswer {
  readonly done: boolean;
  /** One sentence for people: what happened, or why nothing did. */
  readonly message: string;
  /** `fork`: id of the new run. */
  readonly fork?: string;
  /** Of a schedule that was run: id of the run. */
  readonly started?: string;
}

export interface Problem {
  readonly error: { readonly code: string; readonly message: string };
}
