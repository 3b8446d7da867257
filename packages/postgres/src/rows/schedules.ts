import type { Overlap, ScheduleRow } from "@perdure/store/contract";
import { decodeText } from "../connection/text.ts";

export interface ScheduleColumns {
  readonly name: string;
  readonly revision: number;
  readonly next_at: number | null;
  readonly done_to: number;
  readonly anchor: number;
  readonly paused: boolean;
  readonly waiting: readonly number[];
  readonly last_at: number | null;
  readonly last_run: string | null;
  readonly runs: number;
  readonly skipped: number;
  readonly created_at: number;
  readonly directive: boolean;
  readonly timing: string;
  readonly policy: string;
  readonly overlap: Overlap;
  readonly workflow: string;
  readonly file: string;
  readonly input_hash: string;
  readonly code: string;
  readonly input: string;
}

export const scheduleOf = (row: ScheduleColumns): ScheduleRow => ({
  name: decodeText(row.name),
  revision: row.revision,
  timing: decodeText(row.timing),
  policy: decodeText(row.policy),
  overlap: row.overlap,
  workflow: decodeText(row.workflow),
  file: decodeText(row.file),
  input: decodeText(row.input),
  inputHash: decodeText(row.input_hash),
  code: decodeText(row.code),
  anchor: row.anchor,
  doneTo: row.done_to,
  waiting: row.waiting,
  runs: row.runs,
  skipped: row.skipped,
  createdAt: row.created_at,
  ...(row.next_at !== null && { nextAt: row.next_at }),
  ...(row.paused && { paused: true }),
  ...(row.directive && { directive: true }),
  ...(row.last_at !== null && { lastAt: row.last_at }),
  ...(row.last_run !== null && { lastRun: decodeText(row.last_run) }),
});
