import { outerStepId, stepName } from "@perdure/protocol";
import type { RunRow, StepKind, StepRow } from "@perdure/store";
import type { Renames } from "../renames/renames.ts";
import { CodeSpans } from "./code-spans.ts";

/** Id of the checkpoint of a cancellation. No step has this id, since every step id ends with an index. */
export const CANCEL_ID = "{cancel}";

/** The recorded steps of a run in the order of their sequence numbers, and how many of them have been delivered. */
export class History {
  /** The highest sequence number. */
  lastSeq = 0;
  /** What to record of the run's code before anything else is recorded; undefined when it is recorded already. */
  readonly change: Pick<RunRow, "codeSeq" | "codeHistory"> | undefined;
  /** Steps up to this sequence number were recorded under other code, or before a retry. */
  private readonly codeSeq: number;
  private readonly spans: CodeSpans;
  /** Checkpoints. Those before `position` and those in `skipped` are delivered. */
  private readonly queue: (StepRow | undefined)[] = [];
  private readonly recorded = new Map<string, StepRow>();
  private readonly unfinished = new Map<string, StepRow>();
  /** Records of tasks that tasks called, by the id of the calling step. They are not delivered to the workflow. */
  private readonly inner = new Map<string, StepRow[]>();
  private readonly skipped = new Set<StepRow>();
  /** Sequence number of the first failure that a retry discarded. The workflow may not take the path of the steps after it again. */
  private readonly firstDiscarded: number;
  private position = 0;
  /** Whether there are steps of other code, or from before a retry. */
  readonly hasOld: boolean;
  /** Recorded ids that the workflow has called, by this id or a new one. Filled only if `hasOld`. */
  private readonly called = new Set<string>();
  /** Ids of steps of other code, by the ids that renames lead to from them. */
  private readonly renamed: ReadonlyMap<string, readonly string[]>;
  /** Steps of other code that no call has matched, by kind and input. Made on first use. */
  private unmatched: Map<string, StepRow[]> | undefined;

  constructor(
    steps: readonly StepRow[],
    run: Pick<RunRow, "code" | "codeSeq" | "codeHistory">,
    code: string,
    renames: Renames,
  ) {
    for (const step of steps) this.load(step);
    this.lastSeq = Math.max(this.lastSeq, run.codeSeq); // a retry may have discarded the last steps: new ones must not look old
    const rows = steps.filter(({ seq }) => seq !== undefined);
    this.firstDiscarded = firstGap(rows);
    this.spans = new CodeSpans(run, code, steps, renames);
    const isOlder = run.code !== code || lastGap(rows) > run.codeSeq;
    this.codeSeq = isOlder ? this.lastSeq : run.codeSeq;
    const codeHistory = this.spans.changed ?? run.codeHistory;
    this.change =
      isOlder || this.spans.changed !== undefined
        ? { codeSeq: this.codeSeq, ...(codeHistory !== undefined && { codeHistory }) }
        : undefined;
    this.hasOld = steps.some((step) => this.isOld(step) || this.codeOf(step) !== undefined);
    this.renamed = this.hasOld && !renames.isEmpty ? renamedSteps(steps, this.spans) : new Map();
  }

  private load(step: StepRow): void {
    const outer = outerStepId(step.id);
    if (step.seq !== undefined) this.lastSeq = Math.max(this.lastSeq, step.seq);
    if (outer !== undefined) {
      const inner = this.inner.get(outer);
      if (inner) inner.push(step);
      else this.inner.set(outer, [step]);
      return;
    }
    if (step.seq === undefined) {
      this.unfinished.set(step.id, step);
      return;
    }
    this.queue.push(step);
    this.recorded.set(step.id, step);
  }

  /**
   * The id under which the step that the workflow calls `id` is recorded, or will be recorded. Undefined when every record for `id`
   * has been matched with another call.
   *
   * A record of exactly this id comes first, then a record from whose id a rename leads to it. A rename applies only to ids that
   * were given by code in which it was not declared yet: an id that was given by later code, even one that the rename leads away
   * from, is found under just that id. `CodeSpans` knows which code gave an id, whichever code finished the step. The workflow
   * calls no id twice, and each record is matched once; by R2 in the same order in every replay, so with the same call.
   */
  recordedAs(id: string): string | undefined {
    if (!this.hasOld) return id;
    const isRecorded = this.recorded.has(id) || this.unfinished.has(id);
    const candidates = [...(isRecorded ? [id] : []), ...(this.renamed.get(id) ?? [])];
    if (candidates.length === 0) return id;
    const found = candidates.find((each) => !this.called.has(each));
    if (found !== undefined) this.called.add(found);
    return found;
  }

  /** Steps of other code with this kind and input that no call has matched yet. */
  unmatchedLike(kind: StepKind, inputHash: string): StepRow[] {
    this.unmatched ??= groupBy(
      [...this.recorded.values(), ...this.unfinished.values()].filter(
        (row) => this.isOld(row) && !this.isBeforeRetry(row),
      ),
      matchKey,
    );
    const key = matchKey({ kind, inputHash });
    const unmatched = (this.unmatched.get(key) ?? []).filter(({ id }) => !this.called.has(id));
    this.unmatched.set(key, unmatched); // a matched step stays matched
    return unmatched;
  }

  /** A checkpoint of an earlier execution. */
  checkpointOf(id: string): StepRow | undefined {
    return this.recorded.get(id);
  }

  /** The record of a step that an earlier execution began and did not finish. */
  openStepOf(id: string): StepRow | undefined {
    return this.unfinished.get(id);
  }

  /** The records of tasks that the task of this step called, each with the name that the present code has for it. */
  innerOf(id: string): { readonly row: StepRow; readonly name: string }[] {
    return (this.inner.get(id) ?? []).map((row) => ({ row, name: stepName(this.idsOf(row).at(-1) ?? row.id) }));
  }

  /** Appends a checkpoint that was committed just now. */
  push(row: StepRow): void {
    this.queue.push(row);
  }

  /** The next completion to deliver; undefined when all are delivered. */
  get next(): StepRow | undefined {
    return this.queue[this.position];
  }

  /**
   * Takes the next completion in order, for delivery. A completion that the workflow does not wait for is skipped only if it was
   * recorded by other code or before a retry. Every replay skips the same ones.
   */
  takeNext(isPending: (id: string) => boolean): StepRow | undefined {
    for (let index = this.position; index < this.queue.length; index++) {
      const row = this.queue[index];
      if (!row || this.skipped.has(row)) continue;
      if (row.kind === "cancel" || isPending(row.id)) {
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
    for (let next = this.next; next && this.skipped.delete(next); next = this.next)
      this.queue[this.position++] = undefined;
  }

  /** Recorded completions that no call waits for, without those that need not be reached. */
  *unreached(isPending: (id: string) => boolean): Generator<StepRow, void> {
    for (let index = this.position; index < this.queue.length; index++) {
      const row = this.queue[index];
      if (row && !this.skipped.has(row) && !isPending(row.id) && row.kind !== "cancel" && !this.isBeforeRetry(row))
        yield row;
    }
  }

  /** Recorded after a failure that a retry discarded, and before that retry. The workflow may reach it again, or not. */
  isBeforeRetry({ seq = 0 }: StepRow): boolean {
    return seq > this.firstDiscarded && seq <= this.codeSeq;
  }

  /** The ids that renames lead to from the step's own. */
  idsOf(row: StepRow): string[] {
    return this.spans.idsOf(row);
  }

  /** The fingerprint of the code version that gave the step its id; undefined for the present one. */
  codeOf(row: StepRow): string | undefined {
    return this.spans.codeOf(row);
  }

  /** Recorded before the code changed, or before a retry. */
  isOld(row: StepRow): boolean {
    return row.seq === undefined ? this.codeOf(row) !== undefined : row.seq <= this.codeSeq;
  }
}

/** The ids of the steps by each id that renames lead to from them. Where several lead to one, the one with the fewest renames comes first. */
function renamedSteps(steps: readonly StepRow[], spans: CodeSpans): ReadonlyMap<string, readonly string[]> {
  const found = steps.flatMap((step) => spans.idsOf(step).map((now, distance) => ({ id: step.id, now, distance })));
  const byNewId = groupBy(
    found.sort((a, b) => a.distance - b.distance),
    ({ now }) => now,
  );
  return new Map([...byNewId].map(([now, each]) => [now, each.map(({ id }) => id)]));
}

const matchKey = ({ kind, inputHash }: Pick<StepRow, "kind" | "inputHash">): string => `${kind} ${inputHash}`;

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** The first missing sequence number; infinite when none is missing. */
function firstGap(rows: readonly StepRow[]): number {
  const index = rows.findIndex(({ seq }, place) => seq !== place + 1);
  return index === -1 ? Infinity : index + 1;
}

/** The last missing sequence number; 0 when none is missing. */
function lastGap(rows: readonly StepRow[]): number {
  const row = rows.findLast(({ seq }, index) => seq !== (rows[index - 1]?.seq ?? 0) + 1);
  return row?.seq === undefined ? 0 : row.seq - 1;
}
