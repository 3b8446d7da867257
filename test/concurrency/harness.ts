import { formatStepId, parseStepId } from "../../packages/protocol/src/step-id.ts";
import { CancelledError } from "perdure";
import type { RunRow, StepRow, Store, Write } from "../../packages/store/src/contract.ts";
import { memoryStore } from "../../packages/store/src/memory/store.ts";
import type { Choices } from "../random-programs/choices.ts";
import { compiled, stripped, type Scripts } from "../random-programs/load.ts";
import { listing, type Program } from "../random-programs/program.ts";
import {
  fingerprint,
  fingerprintOfArguments,
  installed,
  modules as loaded,
  workflows as known,
} from "../random-programs/runtime.ts";
import { show } from "../random-programs/world.ts";
import { Cancellation, Life, RUN, values, type Surroundings } from "./life.ts";
import { modelled } from "./model.ts";
import type { Sabotage } from "./sabotage.ts";
import { undisturbed, type Completion, type Course } from "./oracle.ts";
import { unfinishedCopy } from "./unfinished-copy.ts";
import { Durations, REASON, signalLabel, type Attempt } from "./world.ts";

/** What a trial came to, for the curious. */
export interface Summary {
  readonly outcome: string;
  readonly steps: number;
  readonly lives: number;
  /** Lives that ended by `close()`. */
  readonly closed: number;
  /** How often the run left memory to wait. */
  readonly suspended: number;
  /** Whether a cancellation was delivered, and how many completions came after it. */
  readonly cancelled: boolean;
  readonly afterwards: number;
  /** How often the run was resumed from a point after its cancellation, when it had ended. */
  readonly resumed: number;
}

/** Where the run is recorded. */
export interface Truth {
  readonly store: Store;
  readonly answered: Surroundings["answered"];
}

/** Of a store that answers at once. */
const atOnce = async (): Promise<boolean> => false;

/** Something that must not happen happened; the message has the program and what was recorded. */
export class Violation extends Error {
  override name = "Violation";

  constructor(program: Program, order: readonly string[], cause: unknown) {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super([what, `recorded, in this order:\n  ${order.join("\n  ")}`, listing(program)].join("\n\n"), { cause });
  }
}

/**
 * Runs a program, with all the crashes that the schedule says, and compares the result with the plain program.
 * @param sabotage - to see whether a trial notices
 * @param truth - empty, and open for all processes: each brings its own clock
 * @throws Violation
 */
export async function trial(
  program: Program,
  schedule: Choices,
  sabotage: Sabotage = {},
  truth: Truth = { store: memoryStore(), answered: atOnce },
): Promise<Summary> {
  const [runtime, modules, workflows] = [installed.runtime, new Map(loaded), new Map(known)];
  const one = new Trial(program, schedule, sabotage, truth);
  const undo = sabotage.runtime?.();
  try {
    return await one.play();
  } catch (error) {
    throw new Violation(program, await one.history(), error);
  } finally {
    undo?.();
    installed.runtime = runtime;
    restore(loaded, modules);
    restore(known, workflows);
  }
}

function restore<K, V>(map: Map<K, V>, content: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of content) map.set(key, value);
}

class Trial implements Surroundings {
  readonly scripts: Scripts;
  readonly random: Choices;
  readonly durations = new Durations();
  readonly announced = new Set<string>();
  readonly inFlight: (() => void)[] = [];
  readonly problems: string[] = [];
  readonly mortality: number;
  readonly closes: number;
  readonly cancellation: Cancellation | undefined;
  readonly latency: number;
  readonly store: Store;
  crashes: number;
  closed = 0;
  private suspended = 0;

  private readonly plain: Scripts;
  private readonly truth: Store;
  readonly answered: Surroundings["answered"];
  /** Step id → what a task was called with. */
  private readonly inputs = new Map<string, { readonly label: string; readonly hash: string }>();
  private readonly steps = new Map<string, string>();
  /** Steps whose checkpoint is in the store. */
  private readonly finished = new Set<string>();
  readonly attempts = new Map<string, number>();
  /** The latest attempt of each step that began, and what it came to, if it ended. */
  private readonly latest = new Map<string, { readonly attempt: number; readonly outcome?: Attempt }>();

  constructor(program: Program, schedule: Choices, { store, cancels = false }: Sabotage, truth: Truth) {
    this.truth = truth.store;
    this.answered = truth.answered;
    this.plain = stripped(program);
    this.scripts = compiled(program, false);
    this.random = schedule;
    this.crashes = this.random.weighted([
      [1, 0],
      [2, 1],
      [2, 2],
      [1, 3],
      [1, 5],
    ]);
    this.mortality = this.random.pick([3, 10, 25, 50]);
    this.latency = this.random.pick([0, 0, 4, 25]);
    this.closes = this.random.pick([0, 20, 50]);
    this.cancellation = this.random.chance(cancels ? 100 : 40)
      ? new Cancellation(this.random.below(this.random.pick([10, 40, 120])))
      : undefined;
    this.store = store?.(this.truth) ?? this.truth;
  }

  async play(): Promise<Summary> {
    const { outcome, life, lives } = await this.untilEnd();
    const row = await this.row();
    const rows = await this.truth.steps(RUN);
    for (const step of rows) this.checkStep(step);
    this.checkDelay(rows);
    const course = await this.course(rows);
    same("the outcome", outcome, course.outcome);
    if (life.calls) sameCourse("", life, course);
    this.checkAttempted(life, course);
    await this.replayFinished(row, rows, course);
    const cancelledAt = rows.findIndex(({ kind }) => kind === "cancel");
    const cancelled = cancelledAt !== -1;
    const resumed = cancelled ? await this.resumeAfter(row, rows, cancelledAt + 1) : 0;
    const { closed, suspended } = this;
    const afterwards = cancelled ? rows.filter(({ seq }) => seq !== undefined).length - cancelledAt - 1 : 0;
    return { outcome, steps: rows.length, lives, closed, suspended, cancelled, afterwards, resumed };
  }

  async history(): Promise<string[]> {
    const rows = await this.truth.steps(RUN);
    return rows.map(
      (row) =>
        `${row.seq ?? "open"} ${row.id} ${row.state} ${this.labelOf(row)} attempt ${row.attempt}: ${row.output ?? ""}`,
    );
  }

  private async untilEnd(): Promise<{ outcome: string; life: Life; lives: number }> {
    let now = Date.UTC(2030, 0, 1);
    for (let lives = 1; ; lives++) {
      const life = new Life(this, now);
      const outcome = await life.live().finally(() => life.kill());
      await this.answered();
      if (outcome !== undefined) return { outcome, life, lives };
      await this.checkCrash(life);
      now = life.clock.now() + this.random.below(50);
      if (this.cancellation && this.random.chance(15) && (await this.truth.getRun(RUN)))
        await this.cancellation.request(this.truth, now);
    }
  }

  /** What the workflow has done when its process dies follows from what is in the store: it has seen nothing that was not durable. */
  private async checkCrash(life: Life): Promise<void> {
    const { calls } = life;
    if (!calls) return;
    const course = await this.course(await this.truth.steps(RUN));
    same(
      "what was called on the ground of something that is not in the store",
      [...calls].filter((call) => !course.calls.has(call)).join("\n  "),
      "",
    );
    this.checkAttempted(life, course);
  }

  private checkAttempted({ attempted }: Life, { accepted }: Course): void {
    same(
      "what was executed though the run was cancelled",
      [...attempted].filter((call) => !accepted.has(call)).join("\n  "),
      "",
    );
  }

  /** What should come of these completions: by the plain program, and from a cancellation on by the rules for one. */
  private async course(rows: readonly StepRow[]): Promise<Course> {
    const order = this.completions(rows);
    const cancelledAt = order.findIndex(({ isCancellation }) => isCancellation);
    if (cancelledAt === -1) return undisturbed(this.plain, this.durations, order);
    const before = order.slice(0, cancelledAt);
    const plain = await undisturbed(this.plain, this.durations, before);
    const model = await modelled(this.scripts, this.durations, before);
    same("the outcome before the cancellation", model.outcome, plain.outcome);
    sameCourse(" before the cancellation", model, plain);
    return modelled(this.scripts, this.durations, order);
  }

  private async row(): Promise<RunRow> {
    const row = await this.truth.getRun(RUN);
    if (!row) throw new Error("the run is not in the store");
    return row;
  }

  // --- while it runs

  began(step: string, attempt: number, label: string, more: readonly unknown[]): void {
    const input = { label, hash: fingerprintOfArguments([label, ...more]) };
    this.sameOnce("step", this.inputs.get(step)?.label, label, step);
    this.sameOnce("label", this.steps.get(label), step, label);
    const expected = (this.attempts.get(step) ?? 0) + 1;
    if (attempt !== expected) this.problems.push(`${step} made attempt ${attempt} where ${expected} is due`);
    this.latest.set(step, { attempt });
    this.inputs.set(step, input);
    this.steps.set(label, step);
  }

  private sameOnce(what: string, before: string | undefined, now: string, of: string): void {
    if (before !== undefined && before !== now) this.problems.push(`${what} ${of} was ${before} and is now ${now}`);
  }

  attemptEnded(step: string, attempt: number, outcome: Attempt): void {
    this.latest.set(step, { attempt, outcome });
  }

  started(step: string): void {
    if (this.finished.has(step)) this.problems.push(`${step} was finished and ran again`);
  }

  committed(writes: readonly Write[], accepted: readonly boolean[]): void {
    writes.forEach((write, index) => {
      if (write.type === "release" && write.status === "waiting" && accepted[index] === true) this.suspended++;
      if (write.type !== "step" || accepted[index] !== true) return;
      this.attempts.set(write.step.id, write.step.attempt);
      if (write.step.state !== "open") this.finished.add(write.step.id);
    });
  }

  // --- when it has ended

  private checkStep(row: StepRow): void {
    same("a step id, parsed and written again,", formatStepId(parseStepId(row.id)), row.id);
    if (row.kind === "task" && row.seq !== undefined) this.checkTask(row);
    if (row.kind !== "sleep" || row.finishedAt === undefined) return;
    const [slept, duration] = [row.finishedAt - row.startedAt, this.durations.of(this.labelOf(row))];
    if (slept < duration) throw new Error(`${row.id} slept ${slept} of ${duration} ms`);
  }

  /** What is recorded is what the latest attempt came to, or that the run was cancelled: before the first attempt, or between two. */
  private checkTask({ id, attempt, output = "" }: StepRow): void {
    const latest = this.latest.get(id);
    const recorded = show(values.decode(output));
    if (recorded === show(new CancelledError(REASON)))
      same(`the attempt before the cancellation of ${id}`, String(attempt), String(latest?.attempt ?? 0));
    else if (!latest?.outcome) throw new Error(`${id} has an outcome, and its latest attempt has none`);
    else same(`the outcome of ${id}`, recorded, shown(latest.outcome));
  }

  /** A request takes effect before long: at the next poll, or when the run is claimed. */
  private checkDelay(rows: readonly StepRow[]): void {
    const { seq: cancelledAt } = rows.find(({ kind }) => kind === "cancel") ?? {};
    const requestedAt = this.cancellation?.acceptedAt ?? Infinity;
    const before = rows.filter(({ seq }) => cancelledAt === undefined || (seq !== undefined && seq < cancelledAt));
    const late = before.filter(({ startedAt }) => startedAt > requestedAt + 500);
    same("what began long after the cancellation, and before its delivery", late.map(({ id }) => id).join(", "), "");
  }

  private completions(rows: readonly StepRow[]): Completion[] {
    return rows
      .filter(({ seq }) => seq !== undefined)
      .map((row) => {
        const value = row.output === undefined ? undefined : values.decode(row.output);
        const outcome = row.state === "failed" ? { error: value as Error } : { value };
        const timeout = row.kind === "signal" && "error" in outcome && { timeout: outcome.error };
        const isCancellation = row.kind === "cancel";
        return { id: row.id, label: this.labelOf(row), outcome, shown: show(value), isCancellation, ...timeout };
      });
  }

  private labelOf({ id, kind, inputHash, target }: StepRow): string {
    if (kind === "cancel") return "the cancellation";
    if (kind === "signal") return signalLabel(target ?? "");
    if (kind === "sleep")
      return (
        [...this.durations.entries()].find(([duration]) => fingerprint(duration) === inputHash)?.[1] ??
        `an unknown sleep ${id}`
      );
    const input = this.inputs.get(id);
    return input?.hash === inputHash ? input.label : `${id}, whose input is not the one that it was called with`;
  }

  /** The whole history once more, in a store where the run has not ended. */
  private async replayFinished(row: RunRow, rows: readonly StepRow[], plain: Course): Promise<void> {
    const again: string[] = [];
    const store = await unfinishedCopy(row, rows);
    const life = new Life(
      {
        ...this.peaceful(),
        store,
        started: (step) => void again.push(step),
      },
      row.updatedAt,
    );
    const replayed = await life.live().finally(() => life.kill());
    same("the outcome of a replay", replayed, plain.outcome);
    sameCourse(" of a replay", life, plain);
    same("the steps that a replay of everything executes", again.join(", "), "");
  }

  /** The run once more from some points after its cancellation, as if its process had died there. */
  private async resumeAfter(row: RunRow, rows: readonly StepRow[], first: number): Promise<number> {
    const recorded = rows.filter(({ seq }) => seq !== undefined);
    let resumed = 0;
    for (let count = first; count < recorded.length; count++) {
      if (!this.random.chance(40)) continue;
      await this.resume(row, recorded.slice(0, count));
      resumed++;
    }
    return resumed;
  }

  private async resume(row: RunRow, recorded: readonly StepRow[]): Promise<void> {
    const finished = new Set(recorded.map(({ id }) => id));
    const again: string[] = [];
    const store = await unfinishedCopy(row, recorded);
    const life = new Life(
      { ...this.peaceful(), store, started: (step) => void (finished.has(step) && again.push(step)) },
      row.updatedAt,
    );
    const outcome = await life.live().finally(() => life.kill());
    const course = await this.course(await store.steps(RUN));
    const where = ` when it is resumed after ${recorded.length} completions`;
    same(`the outcome${where}`, outcome, course.outcome);
    sameCourse(where, life, course);
    same(`the finished steps that are executed again${where}`, again.join(", "), "");
    this.checkAttempted(life, course);
  }

  private peaceful(): Omit<Surroundings, "store" | "started"> {
    const { scripts, random, durations, announced, mortality, attempts } = this;
    const none = { crashes: 0, closes: 0, latency: 0, cancellation: undefined, inFlight: [], problems: [] };
    const answered = atOnce;
    const deaf = { began() {}, attemptEnded() {}, committed() {}, closed: 0 };
    return { scripts, random, durations, announced, mortality, attempts, answered, ...none, ...deaf };
  }
}

const listed = (calls: ReadonlySet<string> | undefined): string => [...(calls ?? [])].sort().join("\n  ");

type Executed = Pick<Life, "calls" | "log">;

const shown = (outcome: Attempt): string => show("error" in outcome ? outcome.error : outcome.value);

function sameCourse(of: string, life: Executed, plain: Course): void {
  same(`the set of calls${of}`, listed(life.calls), listed(plain.calls));
  same(`the log${of}`, life.log?.join("\n  "), plain.log.join("\n  "));
}

function same(what: string, found: string | undefined, expected: string | undefined): void {
  if (found !== expected) throw new Error(`${what} differs\n  found:    ${found}\n  expected: ${expected}`);
}
