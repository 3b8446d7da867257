import type { RunRow, RunStatus, StepRow } from "@perdure/store";
import { isFinal } from "@perdure/store";
import type { Runtime } from "../process/runtime.ts";
import { shown } from "../config/redact.ts";
import { readWaits, runInfo, stepInfo, type StepInfo, type Wait } from "./info.ts";

/** Something that happened in a run. */
export type RunEvent =
  /** A step has ended; `step.seq` is where a later `subscribe({ from })` continues. */
  | { readonly type: "step"; readonly step: StepInfo }
  /** What the run waits for has changed. */
  | { readonly type: "waiting"; readonly waitingFor: readonly Wait[] }
  | { readonly type: "progress"; readonly progress: unknown }
  /** The run has another status, or has been blocked. */
  | {
      readonly type: "status";
      readonly status: RunStatus;
      readonly blocked?: { readonly error: string; readonly message: string };
    }
  /** The run has been restarted from the top: its steps begin anew. */
  | { readonly type: "restarted" }
  | { readonly type: "end"; readonly status: RunStatus; readonly output?: unknown; readonly error?: unknown };

/** How many steps one read of the store brings. */
const PAGE = 500;

export async function* subscribe(
  runtime: Runtime,
  id: string,
  { from = 0 }: { readonly from?: number },
): AsyncGenerator<RunEvent, void> {
  const seen = { seq: from, restarts: -1, progress: undefined as string | undefined, status: "", waits: "[]" };
  for (;;) {
    let hasFound = false;
    // before the steps: an end that is read now comes after them
    const row = await runtime.requests.row(id);
    if (seen.restarts !== row.restarts) {
      if (seen.restarts >= 0) {
        Object.assign(seen, { seq: 0, progress: undefined });
        yield { type: "restarted" };
      }
      seen.restarts = row.restarts;
    }
    for (const step of await stepsAfter(runtime, row, seen.seq)) {
      seen.seq = step.seq ?? seen.seq;
      hasFound = true;
      yield { type: "step", step };
    }
    if (row.progress !== undefined && row.progress !== seen.progress) {
      seen.progress = row.progress;
      hasFound = true;
      const what = { value: "progress", run: id, workflow: row.workflow } as const;
      yield { type: "progress", progress: shown(runtime, row.progress, what) };
    }
    const status = `${row.status} ${row.blocked?.message ?? ""}`;
    const hasChanged = status !== seen.status;
    seen.status = status;
    if (isFinal(row.status)) {
      if (await isStill(runtime, row)) return yield endOf(runtime, row);
      continue;
    }
    if (hasChanged) yield { type: "status", status: row.status, ...(row.blocked && { blocked: row.blocked }) };
    const waitingFor = await readWaits(await runtime.ready(), id);
    const waits = JSON.stringify(waitingFor);
    const before = seen.waits;
    if (waits !== seen.waits) yield { type: "waiting", waitingFor };
    seen.waits = waits;
    await runtime.changeOf(id, hasFound || hasChanged || waits !== before);
  }
}

/** All of them: those of one transaction are not split between two reads of the run. */
async function stepsAfter(runtime: Runtime, row: RunRow, after: number): Promise<StepInfo[]> {
  const store = await runtime.ready();
  const rows: StepRow[] = [];
  for (let seq = after; ;) {
    const page = await store.steps(row.id, { after: seq, limit: PAGE });
    rows.push(...page);
    seq = page.at(-1)?.seq ?? seq;
    if (page.length < PAGE) return rows.map((step) => stepInfo(runtime, row, step));
  }
}

/** Whether the run has not been retried, restarted or deleted since it was read. */
async function isStill(runtime: Runtime, { id, status, updatedAt }: RunRow): Promise<boolean> {
  const now = await runtime.requests.row(id);
  return now.status === status && now.updatedAt === updatedAt;
}

function endOf(runtime: Runtime, row: RunRow): RunEvent {
  const { id: run, workflow, status, output } = row;
  if (status !== "completed") return { type: "end", status, error: runInfo(runtime, row).error };
  return { type: "end", status, output: shown(runtime, output ?? "", { value: "output", run, workflow }) };
}
