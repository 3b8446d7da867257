import type { Blocked, Gathers, RunHead, RunPlace, RunRow, RunStatus } from "../contract.ts";

const HEAD_COLUMNS = `id, workflow, file, status, input_hash, code, code_seq, parent, tags, schedule, fork_of, progress, trace, owner, epoch,
  lease_until, released_at, wake_at, cancel, blocked, compensated, restarts, stalls, created_at, started_at, updated_at,
  queue, queue_key, queue_rank, hold, in_line, batch, begin_by, end_by, gathering, gather_until`;
export const COLUMNS = `${HEAD_COLUMNS}, input, output, code_history, seed, unhandled`;
/** Of a completed run the output is left out: it may be long. */
export const LISTED_COLUMNS = `${HEAD_COLUMNS}, CASE WHEN status IN ('failed', 'cancelled') THEN output END AS output`;

export interface HeadColumns {
  readonly id: string;
  readonly workflow: string;
  readonly file: string;
  readonly status: RunStatus;
  readonly input_hash: string;
  readonly output: string | null;
  readonly code: string;
  readonly code_seq: number;
  readonly parent: string | null;
  readonly tags: string | null;
  readonly schedule: string | null;
  readonly fork_of: string | null;
  readonly progress: string | null;
  readonly trace: string | null;
  readonly owner: string | null;
  readonly epoch: number;
  readonly lease_until: number | null;
  readonly released_at: number | null;
  readonly wake_at: number | null;
  readonly cancel: string | null;
  readonly blocked: string | null;
  readonly compensated: number;
  readonly restarts: number;
  readonly stalls: number;
  readonly created_at: number;
  readonly started_at: number;
  readonly updated_at: number;
  readonly queue: string | null;
  readonly queue_key: string | null;
  readonly queue_rank: number | null;
  readonly hold: number | null;
  readonly in_line: number;
  readonly batch: number;
  readonly begin_by: number | null;
  readonly end_by: number | null;
  readonly gathering: string | null;
  readonly gather_until: number | null;
}

export interface Row extends HeadColumns {
  readonly input: string;
  readonly code_history: string | null;
  readonly seed: string;
  readonly unhandled: string | null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Assigns each field separately, as `headOf`: spreads cost several times as much, and every start and claim reads a row. */
export function runOf(row: Row): RunRow {
  const run = headOf(row) as Writable<RunRow>;
  run.input = row.input;
  run.seed = row.seed;
  if (row.code_history !== null) run.codeHistory = row.code_history;
  if (row.unhandled !== null) run.unhandled = textsOf(row.unhandled);
  return run;
}

export function headOf(row: HeadColumns): RunHead {
  const head: Writable<RunHead> = {
    id: row.id,
    workflow: row.workflow,
    file: row.file,
    status: row.status,
    inputHash: row.input_hash,
    code: row.code,
    codeSeq: row.code_seq,
    epoch: row.epoch,
    restarts: row.restarts,
    stalls: row.stalls,
    createdAt: row.created_at,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
  };
  if (row.output !== null) head.output = row.output;
  if (row.parent !== null) head.parent = row.parent;
  if (row.tags !== null) head.tags = textsOf(row.tags);
  if (row.schedule !== null) head.schedule = row.schedule;
  if (row.fork_of !== null) head.forkOf = row.fork_of;
  if (row.progress !== null) head.progress = row.progress;
  if (row.trace !== null) head.trace = row.trace;
  if (row.owner !== null) head.owner = row.owner;
  if (row.lease_until !== null) head.leaseUntil = row.lease_until;
  if (row.released_at !== null) head.releasedAt = row.released_at;
  if (row.wake_at !== null) head.wakeAt = row.wake_at;
  if (row.cancel !== null) head.cancel = row.cancel;
  if (row.blocked !== null) head.blocked = blockedOf(row.blocked);
  if (row.compensated === 1) head.compensated = true;
  if (row.queue !== null) head.queue = placeOf(row.queue, row);
  if (row.in_line === 1) head.inLine = true;
  if (row.batch === 1) head.batch = true;
  if (row.begin_by !== null) head.beginBy = row.begin_by;
  if (row.end_by !== null) head.endBy = row.end_by;
  if (row.gathering !== null) head.gathers = gathersOf(row.gathering, row.gather_until);
  return head;
}

const placeOf = (queue: string, { queue_key: key, queue_rank: rank, hold }: HeadColumns): RunPlace => ({
  queue,
  key: key ?? "",
  rank: rank ?? 0,
  ...(hold === 1 && { hold: true }),
});

const gathersOf = (key: string, until: number | null): Gathers => (until === null ? { key } : { key, until });

function textsOf(text: string): readonly string[] {
  try {
    return [JSON.parse(text) as unknown].flat().map(String);
  } catch {
    return [];
  }
}

/** A damaged value must not make the other runs of a list unreadable. */
function blockedOf(text: string): Blocked {
  try {
    const { error, message, code } = JSON.parse(text) as Partial<Blocked>;
    return { error: String(error), message: String(message), code: String(code) };
  } catch {
    return { error: "STORE_CORRUPT", message: `the reason in the store is damaged: ${text.slice(0, 100)}`, code: "" };
  }
}
