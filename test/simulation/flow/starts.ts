import {
  hasEnded,
  type CreatedRun,
  type NewRun,
  type RunHead,
  type RunRow,
} from "../../../packages/store/src/index.ts";
import { inputOf } from "../../../packages/runtime/src/queues/run-input.ts";
import type { ValueStore } from "../../../packages/runtime/src/values/codec.ts";
import type { StoreMethod } from "../../../packages/store/src/wrap-store.ts";
import type { VirtualProcess } from "../process.ts";
import { limitsOf } from "../programs/queues.ts";
import { claimsIn, type Truth } from "../witness.ts";
import type { Reports } from "./attempts.ts";

/** Milliseconds after which a run that took too long has ended at the latest, when nothing fails. */
const END_TIME = 60_000;

/** Sees runs that begin under conditions, and runs that stand in line. */
export class Starts {
  private readonly reports: Reports;
  private readonly truth: Truth;
  /** What each run was created with. */
  readonly created = new Map<string, NewRun>();
  /** The inputs of the starts that share a run, in the order in which the store accepted them. */
  private readonly inputs = new Map<string, string[]>();
  /** The epochs under which runs were last claimed. */
  private readonly claimed = new Map<string, number>();
  private readonly begunWith = new Map<string, string>();
  /** When runs were created under a throttle, by workflow and key. */
  private readonly throttled = new Map<string, number[]>();
  /** Items of batches whose start was acknowledged, and their runs. */
  readonly items = new Map<unknown, string>();

  /** Starts that have joined a run. */
  private readonly joined = new Set<string>();
  private readonly wall: () => number;

  /** @param wall - what the store's clock shows */
  constructor(reports: Reports, truth: Truth, wall: () => number) {
    this.wall = wall;
    this.reports = reports;
    this.truth = truth;
  }

  /** @param begins - a run begins for the first time */
  performed(
    process: VirtualProcess,
    method: StoreMethod,
    args: readonly unknown[],
    answer: unknown,
    begins: (row: RunRow) => void,
  ): void {
    if (method === "createRun") this.creates(args[0] as NewRun, answer as CreatedRun, begins);
    if (method === "createRuns")
      (args[0] as NewRun[]).forEach((run, index) => this.creates(run, (answer as CreatedRun[])[index], begins));
    for (const { run, row } of claimsIn(method, args, answer)) this.claims(process, run, row, begins);
    if (method === "expire") this.expires(answer as string[]);
    this.checkLimits();
  }

  private creates(given: NewRun, answer: CreatedRun | undefined, begins: (row: RunRow) => void): void {
    if (!answer) return;
    const { created, run } = answer;
    const { gather, throttle, workflow, input } = given;
    if (created) {
      this.created.set(run.id, given);
      if (gather) this.inputs.set(run.id, [input]);
      if (throttle) this.checkThrottle(`${workflow} ${throttle.key}`, throttle, this.wall());
      if (run.status === "running") {
        this.claimed.set(run.id, run.epoch);
        begins(run);
      }
    } else if (gather && given.id !== run.id && !this.joined.has(given.id)) {
      this.joined.add(given.id);
      this.inputs.get(run.id)?.push(input);
      if (this.claimed.has(run.id) || hasEnded(run))
        this.reports.problem(`a start joined ${run.id}, which had begun or ended`);
    }
  }

  private checkThrottle(key: string, { limit, per }: NonNullable<NewRun["throttle"]>, at: number): void {
    const times = [...(this.throttled.get(key) ?? []), at];
    this.throttled.set(key, times);
    const first = times.at(-1 - limit);
    if (this.reports.isExact && first !== undefined && first <= at && at - first < per)
      this.reports.problem(`${limit + 1} runs of ${key} were created within ${per} ms`);
  }

  private claims(process: VirtualProcess, id: string, row: RunRow | undefined, begins: (row: RunRow) => void): void {
    if (!row) return;
    const now = this.wall();
    const isFirst = !this.claimed.has(id);
    this.claimed.set(id, row.epoch);
    if (!isFirst) return;
    begins(row);
    this.begunWith.set(id, row.input);
    const { beginBy = Infinity, dueAt = -Infinity, gather } = this.created.get(id) ?? {};
    if (beginBy < now) this.reports.problem(`${process.name} began ${id} at ${now}, which expired at ${beginBy}`);
    if (this.reports.isExact && !gather && dueAt > now)
      this.reports.problem(`${process.name} began ${id} at ${now}, which is due at ${dueAt}`);
  }

  private expires(runs: readonly string[]): void {
    const now = this.wall();
    for (const id of runs) {
      const { beginBy = Infinity, endBy = Infinity } = this.created.get(id) ?? {};
      const isTooLate = beginBy <= now && !this.claimed.has(id);
      if (!isTooLate && endBy > now) this.reports.problem(`${id} expired at ${now}, before its time was over`);
    }
  }

  /** No queue has more running runs than its limit. A run that was taken from its owner does not run until it is claimed again. */
  private checkLimits(): void {
    const running = new Map<string, string[]>();
    for (const { id } of this.truth.store.listRuns({ status: ["running"], limit: 100 }) as RunHead[]) {
      const row = this.truth.row(id);
      if (row?.queue === undefined || row.epoch !== this.claimed.get(id)) continue;
      running.set(row.queue.queue, [...(running.get(row.queue.queue) ?? []), id]);
    }
    for (const [queue, runs] of running)
      if (runs.length > (limitsOf(queue).concurrency ?? Infinity))
        this.reports.problem(`${runs.length} runs of the queue ${queue} at once: ${runs.join(", ")}`);
  }

  // --- after the end

  /** Whether it may be cancelled because it did not begin, or did not end, in time. */
  isLimited(id: string): boolean {
    const { beginBy, endBy } = this.created.get(id) ?? {};
    return endBy !== undefined || (beginBy !== undefined && !this.claimed.has(id));
  }

  checkEnd(values: ValueStore, healedAt: number, endedAt: ReadonlyMap<string, number>, wallAt: (at: number) => number) {
    for (const [id, inputs] of this.inputs) this.checkInputs(values, id, inputs);
    this.checkItems(values);
    for (const [id, { endBy }] of this.created) {
      const row = this.truth.row(id);
      const at = endedAt.get(id);
      if (endBy === undefined || !row || at === undefined || row.status === "cancelled" || row.restarts > 0) continue;
      const isLate = wallAt(at) > Math.max(endBy, wallAt(healedAt)) + END_TIME;
      if (this.reports.isExact && isLate && !this.truth.steps(id).some(({ kind }) => kind === "cancel"))
        this.reports.problem(`${id} went on after its time was over`);
    }
  }

  /** A debounced run has the last arguments, a batch all of them in order. */
  private checkInputs(values: ValueStore, id: string, inputs: readonly string[]): void {
    const row = this.truth.row(id);
    if (!row) return this.reports.problem(`${id} was created, and is not recorded`);
    const show = (value: unknown): string => JSON.stringify(value);
    const has = show(inputOf(values, row));
    const each = inputs.map((input) => values.decode(input) as unknown[]);
    const size = this.created.get(id)?.gather;
    const expected = size?.type === "batch" ? [each.map(([item]) => item)] : each.at(-1);
    if (has !== show(expected)) this.reports.problem(`${id} has the arguments ${has}, not ${show(expected)}`);
    if (size?.type === "batch" && inputs.length > size.size)
      this.reports.problem(`${id} has ${inputs.length} items, more than ${size.size}`);
    const begun = this.begunWith.get(id);
    if (begun !== undefined && begun !== row.input) this.reports.problem(`the input of ${id} changed after it began`);
  }

  /** An item whose start was acknowledged is in the run that was named, and in no other. */
  private checkItems(values: ValueStore): void {
    const runs = new Map<unknown, string[]>();
    for (const [id, { gather }] of this.created) {
      const row = gather?.type === "batch" ? this.truth.row(id) : undefined;
      const [items = []] = row ? (inputOf(values, row) as unknown[][]) : [];
      for (const item of items) runs.set(item, [...(runs.get(item) ?? []), id]);
    }
    for (const [item, run] of this.items) {
      const found = runs.get(item) ?? [];
      if (found.length !== 1 || found[0] !== run)
        this.reports.problem(`the item ${String(item)} of ${run} is in the runs ${found.join(", ")}`);
    }
  }
}
