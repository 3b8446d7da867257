import type { Renames } from "../renames/renames.ts";
import type { RunRow, StepKind, StepRow } from "@perdure/store";
import { CodeSpans } from "./code-spans.ts";

/** Id of the checkpoint that holds a cancellation: no step has one without an index. */
export const CANCEL_ID = "{cancel}";

/** What is recorded of a run, in the order of its sequence numbers, and how far the workflow has been given it. */
export class History {
  /** The highest sequence number. */
  lastSeq = 0;
  /** What has to be recorded of the run's code before anything else is; undefined: nothing new. */
  readonly change: Pick<RunRow, "codeSeq" | "codeHistory"> | undefined;
  /** Up to this sequence number steps were recorded under other code, or before a retry. */
  private readonly codeSeq: number;
  private readonly spans: CodeSpans;
  /** Checkpoints; those before `position`, and those in `skipped`, are delivered. */
  private readonly queue: (StepRow | undefined)[] = [];
  private readonly recorded = new Map<string, StepRow>();
  private readonly unfinished = new Map<string, StepRow>();
  private readonly skipped = new Set<StepRow>();
  /** Sequence number of the first failure that a retry has taken out; what follows it may belong to a path that is not taken again. */
  private readonly gap: number;
  private position = 0;
  /** There are steps of other code, or from before a retry. */
  readonly hasOld: boolean;
  /** Recorded ids that the workflow has called, under them or under a new name; kept where there are such steps. */
  private readonly called = new Set<string>();
  /** Steps of other code by the ids that they may be called by now. */
  private readonly renamed: ReadonlyMap<string, readonly string[]>;
  /** Steps of other code by what they did; made when it is asked for. */
  private twins: Map<string, StepRow[]> | undefined;

  constructor(
    steps: readonly StepRow[],
    run: Pick<RunRow, "code" | "codeSeq" | "codeHistory">,
    code: string,
    renames: Renames,
  ) {
    for (const step of steps) this.load(step);
    this.lastSeq = Math.max(this.lastSeq, run.codeSeq); // a retry may have taken out the last ones: what is new must not look old
    const rows = steps.filter(({ seq }) => seq !== undefined);
    this.gap = firstGap(rows);
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
    if (step.seq === undefined) {
      this.unfinished.set(step.id, step);
      return;
    }
    this.queue.push(step);
    this.recorded.set(step.id, step);
    this.lastSeq = Math.max(this.lastSeq, step.seq);
  }

  /**
   * The id under which the step that the workflow calls `id` is recorded, or will be; undefined when everything that is recorded for `id` was given to other calls.
   *
   * The record of exactly that id comes first, then one that a rename leads from to it. A rename is about ids that were given by code in which it was not declared
   * yet: a step to which later code has given its id, even one that the rename leads away from, is found under just that id. `CodeSpans` knows who gave it,
   * whoever finished the step. The workflow calls no id twice, and each record is given away once; by R2 in the same order in every replay, so to the same call.
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

  /** Steps of this kind and input, from other code, that nothing has called yet. */
  twinsOf(kind: StepKind, inputHash: string): StepRow[] {
    this.twins ??= groupBy(
      [...this.recorded.values(), ...this.unfinished.values()].filter(
        (row) => this.isOld(row) && !this.isLeftover(row),
      ),
      twinKey,
    );
    const key = twinKey({ kind, inputHash });
    const twins = (this.twins.get(key) ?? []).filter(({ id }) => !this.called.has(id));
    this.twins.set(key, twins); // what is called stays called
    return twins;
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
    for (let next = this.next; next && this.skipped.delete(next); next = this.next)
      this.queue[this.position++] = undefined;
  }

  /** Recorded completions that nothing has asked for, but for those that need not be. */
  *unreached(isAsked: (id: string) => boolean): Generator<StepRow, void> {
    for (let index = this.position; index < this.queue.length; index++) {
      const row = this.queue[index];
      if (row && !this.skipped.has(row) && !isAsked(row.id) && row.kind !== "cancel" && !this.isLeftover(row))
        yield row;
    }
  }

  /** Recorded after a failure that a retry has taken out, and before the retry: the workflow may come by again, or not. */
  isLeftover({ seq = 0 }: StepRow): boolean {
    return seq > this.gap && seq <= this.codeSeq;
  }

  /** The ids that the step may be called by now, its own left out. */
  idsOf(row: StepRow): string[] {
    return this.spans.idsOf(row);
  }

  /** The code that gave the step its id; undefined: the present one. */
  codeOf(row: StepRow): string | undefined {
    return this.spans.codeOf(row);
  }

  /** Recorded before the code changed, or before a retry. */
  isOld(row: StepRow): boolean {
    return row.seq === undefined ? this.codeOf(row) !== undefined : row.seq <= this.codeSeq;
  }
}

/** The steps by each id that renames lead to from theirs; where they lead from several to one, from the one with the fewest renames first. */
function renamedSteps(steps: readonly StepRow[], spans: CodeSpans): ReadonlyMap<string, readonly string[]> {
  const found = steps.flatMap((step) => spans.idsOf(step).map((now, distance) => ({ id: step.id, now, distance })));
  const byNewId = groupBy(
    found.sort((a, b) => a.distance - b.distance),
    ({ now }) => now,
  );
  return new Map([...byNewId].map(([now, each]) => [now, each.map(({ id }) => id)]));
}

const twinKey = ({ kind, inputHash }: Pick<StepRow, "kind" | "inputHash">): string => `${kind} ${inputHash}`;

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
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
