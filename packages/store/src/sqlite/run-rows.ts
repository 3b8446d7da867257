import type { Blocked, RunHead, RunRow, RunStatus } from "../contract.ts";

const HEAD_COLUMNS = `id, workflow, file, status, input_hash, code, code_seq, parent, tags, fork_of, progress, trace, owner, epoch,
  lease_until, released_at, wake_at, cancel, blocked, compensated, restarts, stalls, created_at, started_at, updated_at`;
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
}

export interface Row extends HeadColumns {
  readonly input: string;
  readonly code_history: string | null;
  readonly seed: string;
  readonly unhandled: string | null;
}

export function runOf(row: Row): RunRow {
  return {
    ...headOf(row),
    input: row.input,
    ...(row.code_history !== null && { codeHistory: row.code_history }),
    seed: row.seed,
    ...(row.unhandled !== null && { unhandled: textsOf(row.unhandled) }),
  };
}

export function headOf(row: HeadColumns): RunHead {
  return {
    id: row.id,
    workflow: row.workflow,
    file: row.file,
    status: row.status,
    inputHash: row.input_hash,
    ...(row.output !== null && { output: row.output }),
    code: row.code,
    codeSeq: row.code_seq,
    ...(row.parent !== null && { parent: row.parent }),
    ...(row.tags !== null && { tags: textsOf(row.tags) }),
    ...(row.fork_of !== null && { forkOf: row.fork_of }),
    ...(row.progress !== null && { progress: row.progress }),
    ...(row.trace !== null && { trace: row.trace }),
    ...(row.owner !== null && { owner: row.owner }),
    epoch: row.epoch,
    ...(row.lease_until !== null && { leaseUntil: row.lease_until }),
    ...(row.released_at !== null && { releasedAt: row.released_at }),
    ...(row.wake_at !== null && { wakeAt: row.wake_at }),
    ...(row.cancel !== null && { cancel: row.cancel }),
    ...(row.blocked !== null && { blocked: blockedOf(row.blocked) }),
    ...(row.compensated === 1 && { compensated: true as const }),
    restarts: row.restarts,
    stalls: row.stalls,
    createdAt: row.created_at,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
  };
}

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
