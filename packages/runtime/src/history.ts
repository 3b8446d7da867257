import type { RunRow, StepRow } from "@perdure/store";

/** Id of the checkpoint that holds a cancellation: no step has one without an index. */
export const CANCEL_ID = "{cancel}";

/** What is recorded of a run, in the order of its sequence numbers, and how far the workflow has been given it. */
export class History {
  /** The highest sequence number. */
  lastSeq = 0;
  /** What has to be recorded of the run's code before anything else is; undefined: nothing new. */
  readonly change: Pick<RunRow, "codeSeq" | "codeBefore" | "codeOpen"> | undefined;
  /** Up to this sequence number steps were recorded under other code, or before a retry. */
  private readonly codeSeq: number;
  /** Steps that were open when the code changed. */
  private readonly openBefore: ReadonlySet<string>;
  /** Checkpoints; those before `position`, and those in `skipped`, are delivered. */
  private readonly queue: (StepRow | undefined)[] = [];
  private readonly recorded = new Map<string, StepRow>();
  private readonly unfinished = new Map<string, StepRow>();
  private readonly skipped = new Set<StepRow>();
  /** Sequence number of the first failure that a retry has taken out; what follows it may belong to a path that is not taken again. */
  private readonly gap: number;
  private position = 0;

  constructor(steps: readonly StepRow[], run: Pick<RunRow, "code" | "codeSeq" | "codeBefore" | "codeOpen">, code: string) {
    for (const step of steps) this.load(step);
    const rows = steps.filter(({ seq }) => seq !== undefined);
    this.gap = firstGap(rows);
    const codeChanged = run.code !== code;
    const isNew = codeChanged || lastGap(rows) > run.codeSeq;
    const codeBefore = codeChanged ? run.code : run.codeBefore;
    const codeOpen = codeChanged ? [...this.unfinished.keys()] : (run.codeOpen ?? []);
    this.codeSeq = isNew ? this.lastSeq : run.codeSeq;
    this.openBefore = new Set(codeOpen);
    this.change = isNew ? { codeSeq: this.codeSeq, ...(codeBefore !== undefined && { codeBefore }), ...(codeOpen.length > 0 && { codeOpen }) } : undefined;
  }

  private load(step: StepRow): void {
    if (step.seq === undefined) {
      this.unfinished.set(step.id, step);
      return;
    }
    this.queue.push(step);
    this.recorded.set(step.id, step);
    this.lastSeq = Math.max(this.lastSeq, step.seq);
  }

  /** A checkpoint of an earlier execution. */
  checkpointOf(id: string): StepRow | undefined {
    return this.recorded.get(id);
  }

  /** What an earlier execution has kept of a step that it did not finish. */
  openStepOf(id: string): StepRow | undefined {
    return this.unfinished.get(id);
  }

  /** A checkpoint that has been committed just now. */
  push(row: StepRow): void {
    this.queue.push(row);
  }

  /** The next completion that is not delivered; undefined: all are. */
  get next(): StepRow | undefined {
    return this.queue[this.position];
  }

  /**
   * Takes the next completion in order. Only past records of other code, or of a path left by a retry, are stepped over
   * when they are not asked for; each replay steps over the same ones.
   */
  take(isAsked: (id: string) => boolean): StepRow | undefined {
    for (let index = this.position; index < this.queue.length; index++) {
      const row = this.queue[index];
      if (!row || this.skipped.has(row)) continue;
      if (row.kind === "cancel" || isAsked(row.id)) {
        this.markDelivered(index, row);
        return row;
      }
      if (!this.isOld(row)) return undefined;
    }
    return undefined;
  }

  private markDelivered(index: number, row: StepRow): void {
    if (index > this.position) this.skipped.add(row);
    else this.queue[this.position++] = undefined; // a long run does not keep its past in memory
    for (let next = this.next; next && this.skipped.delete(next); next = this.next) this.queue[this.position++] = undefined;
  }

  /** Recorded completions that nothing has asked for, but for those that need not be. */
  unreached(isAsked: (id: string) => boolean): StepRow[] {
    const rest = this.queue.slice(this.position).filter((row) => row !== undefined);
    return rest.filter((row) => !this.skipped.has(row) && !isAsked(row.id) && row.kind !== "cancel" && !this.isLeftover(row));
  }

  /** Recorded after a failure that a retry has taken out, and before the retry: the workflow may come by again, or not. */
  isLeftover({ seq = 0 }: StepRow): boolean {
    return seq > this.gap && seq <= this.codeSeq;
  }

  /** Recorded before the code changed, or before a retry. */
  isOld({ id, seq }: StepRow): boolean {
    return seq === undefined ? this.openBefore.has(id) : seq <= this.codeSeq;
  }
}

/** The first sequence number that is missing; none: infinite. */
function firstGap(rows: readonly StepRow[]): number {
  const index = rows.findIndex(({ seq }, place) => seq !== place + 1);
  return index === -1 ? Infinity : index + 1;
}

/** The last one that is missing; none: 0. */
function lastGap(rows: readonly StepRow[]): number {
  const row = rows.findLast(({ seq }, index) => seq !== (rows[index - 1]?.seq ?? 0) + 1);
  return row?.seq === undefined ? 0 : row.seq - 1;
}
