import type { Blocked, RunHead, RunPlace, RunRow, RunStatus } from "@perdure/store/contract";
import { decodeText } from "../connection/text.ts";

const HEAD = `id, workflow, file, status, input_hash, code, code_seq, parent, tags, schedule, fork_of, progress, trace, owner, epoch,
  lease_until, released_at, wake_at, cancel, blocked, compensated, restarts, stalls, created_at, started_at, updated_at,
  queue, queue_key, queue_rank, hold, in_line, batch, begin_by, end_by, gathering, gather_until, number, claimed_seq`;
export const COLUMNS = `${HEAD}, input, output, code_history, seed, unhandled`;
/** Of a completed run the output is left out: it may be long. */
export const LISTED_COLUMNS = `${HEAD}, CASE WHEN status IN ('failed', 'cancelled') THEN output END AS output`;

export interface HeadColumns {
  readonly number: number;
  readonly claimed_seq: number;
  readonly id: string;
  readonly workflow: string;
  readonly file: string;
  readonly status: RunStatus;
  readonly input_hash: string;
  readonly output: string | null;
  readonly code: string;
  readonly code_seq: number;
  readonly parent: string | null;
  readonly tags: readonly string[] | null;
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
  readonly blocked: Blocked | null;
  readonly compensated: boolean;
  readonly restarts: number;
  readonly stalls: number;
  readonly created_at: number;
  readonly started_at: number;
  readonly updated_at: number;
  readonly queue: string | null;
  readonly queue_key: string | null;
  readonly queue_rank: number | null;
  readonly hold: boolean | null;
  readonly in_line: boolean;
  readonly batch: boolean;
  readonly begin_by: number | null;
  readonly end_by: number | null;
  readonly gathering: string | null;
  readonly gather_until: number | null;
}

export interface RunColumns extends HeadColumns {
  readonly input: string;
  readonly code_history: string | null;
  readonly seed: string;
  readonly unhandled: readonly string[] | null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function runOf(row: RunColumns): RunRow {
  const run = headOf(row) as Writable<RunRow>;
  run.input = decodeText(row.input);
  run.seed = decodeText(row.seed);
  if (row.code_history !== null) run.codeHistory = decodeText(row.code_history);
  if (row.unhandled !== null) run.unhandled = row.unhandled.map(decodeText);
  return run;
}

export function headOf(row: HeadColumns): RunHead {
  const head: Writable<RunHead> = {
    id: decodeText(row.id),
    workflow: decodeText(row.workflow),
    file: decodeText(row.file),
    status: row.status,
    inputHash: decodeText(row.input_hash),
    code: decodeText(row.code),
    codeSeq: row.code_seq,
    epoch: row.epoch,
    restarts: row.restarts,
    stalls: row.stalls,
    createdAt: row.created_at,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
  };
  if (row.output !== null) head.output = decodeText(row.output);
  if (row.parent !== null) head.parent = decodeText(row.parent);
  if (row.tags !== null) head.tags = row.tags.map(decodeText);
  if (row.schedule !== null) head.schedule = decodeText(row.schedule);
  if (row.fork_of !== null) head.forkOf = decodeText(row.fork_of);
  if (row.progress !== null) head.progress = decodeText(row.progress);
  if (row.trace !== null) head.trace = decodeText(row.trace);
  if (row.owner !== null) head.owner = decodeText(row.owner);
  if (row.lease_until !== null) head.leaseUntil = row.lease_until;
  if (row.released_at !== null) head.releasedAt = row.released_at;
  if (row.wake_at !== null) head.wakeAt = row.wake_at;
  if (row.cancel !== null) head.cancel = decodeText(row.cancel);
  if (row.blocked !== null) head.blocked = blockedOf(row.blocked);
  if (row.compensated) head.compensated = true;
  if (row.queue !== null) head.queue = placeOf(row.queue, row);
  if (row.in_line) head.inLine = true;
  if (row.batch) head.batch = true;
  if (row.begin_by !== null) head.beginBy = row.begin_by;
  if (row.end_by !== null) head.endBy = row.end_by;
  if (row.gathering !== null) {
    const key = decodeText(row.gathering);
    head.gathers = row.gather_until === null ? { key } : { key, until: row.gather_until };
  }
  return head;
}

const placeOf = (queue: string, { queue_key: key, queue_rank: rank, hold }: HeadColumns): RunPlace => ({
  queue: decodeText(queue),
  key: decodeText(key ?? ""),
  rank: rank ?? 0,
  ...(hold === true && { hold: true }),
});

const blockedOf = ({ error, message, code }: Blocked): Blocked => ({
  error: decodeText(error),
  message: decodeText(message),
  code: decodeText(code),
});
