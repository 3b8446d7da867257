import { formatStepId, parseStepId } from "../../packages/protocol/src/step-id.ts";
import { CancelledError } from "perdure";
import type { RunRow, StepRow, Store, Write } from "../../packages/store/src/contract.ts";
import { memoryStore } from "../../packages/store/src/memory.ts";
import type { Choices } from "../random-programs/choices.ts";
import { compiled, stripped, type Scripts } from "../random-programs/load.ts";
import { listing, type Program } from "../random-programs/program.ts";
import { fingerprint, installed, modules as loaded, workflows as known } from "../random-programs/runtime.ts";
import { show } from "../random-programs/world.ts";
import { cancelIn, Life, RUN, values, type Surroundings } from "./life.ts";
import { modelled } from "./model.ts";
import { undisturbed, type Completion, type Course } from "./oracle.ts";
import { Durations, REASON, signalLabel, type Attempt } from "./world.ts";

/** What a trial came to, for the curious. */
export interface Summary {
  readonly steps: number;
  readonly lives: number;
  readonly outcome: string;
}

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
 * @param broken - makes a store that does not keep its contract, to see whether a trial notices
 * @throws Violation
 */
export async function trial(
  program: Program,
  schedule: Choices,
  broken = (store: Store): Store => store,
): Promise<Summary> {
  const [runtime, modules, workflows] = [installed.runtime, new Map(loaded), new Map(known)];
  const one = new Trial(program, schedule, broken);
  try {
    return await one.play();
  } catch (error) {
    throw new Violation(program, await one.history(), error);
  } finally {
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
  readonly cancellation: { turnsLeft: number } | undefined;
  readonly distant: boolean;
  readonly store: Store;
  crashes: number;

  private readonly plain: Scripts;
  private readonly truth = memoryStore();
  /** Step id → what a task was called with. */
  private readonly inputs = new Map<string, { readonly label: string; readonly hash: string }>();
  private readonly steps = new Map<string, string>();
  /** Steps whose checkpoint is in the store. */
  private readonly finished = new Set<string>();
  readonly attempts = new Map<string, number>();
  /** The latest attempt of each step that began, and what it came to, if it ended. */
  private readonly latest = new Map<string, { readonly attempt: number; readonly outcome?: Attempt }>();

  constructor(program: Program, schedule: Choices, broken: (store: Store) => Store) {
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
    this.distant = this.random.chance(45);
    this.closes = this.random.pick([0, 20, 50]);
    this.cancellation = this.random.chance(40) ? { turnsLeft: this.random.below(90) } : undefined;
    this.store = broken(this.truth);
  }

  async play(): Promise<Summary> {
    const { outcome, life, lives } = await this.untilEnd();
    const row = await this.row();
    const rows = await this.truth.steps(RUN);
    for (const step of rows) this.checkStep(step);
    const course = await this.course(rows);
    same("the outcome", outcome, course.outcome);
    if (life.calls) sameCourse("", life, course);
    await this.replayFinished(row, rows, course);
    return { steps: rows.length, lives, outcome };
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
      if (outcome !== undefined) return { outcome, life, lives };
      await this.checkCrash(life);
      now = life.clock.now() + this.random.below(50);
      if (this.cancellation && this.random.chance(15) && (await this.truth.getRun(RUN)))
        await cancelIn(this.truth, now);
    }
  }

  /** What the workflow has done when its process dies follows from what is in the store: it has seen nothing that was not durable. */
  private async checkCrash({ calls, attempted }: Life): Promise<void> {
    if (!calls) return;
    const course = await this.course(await this.truth.steps(RUN));
    same(
      "what was called on the ground of something that is not in the store",
      [...calls].filter((call) => !course.calls.has(call)).join("\n  "),
      "",
    );
    same(
      "what was executed though the run was cancelled",
      [...attempted].filter((call) => !course.accepted.has(call)).join("\n  "),
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
    const input = { label, hash: fingerprint([label, ...more]) };
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
        began: () => {},
        attemptEnded: () => {},
        committed: () => {},
      },
      row.updatedAt,
    );
    const replayed = await life.live().finally(() => life.kill());
    same("the outcome of a replay", replayed, plain.outcome);
    sameCourse(" of a replay", life, plain);
    same("the steps that a replay of everything executes", again.join(", "), "");
  }

  private peaceful(): Omit<Surroundings, "store" | "started" | "began" | "attemptEnded" | "committed"> {
    const { scripts, random, durations, announced, mortality, attempts } = this;
    const none = { crashes: 0, closes: 0, distant: false, cancellation: undefined, inFlight: [], problems: [] };
    return { scripts, random, durations, announced, mortality, attempts, ...none };
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

/** A store in which the run has made all these steps and then lost its process. */
async function unfinishedCopy(row: RunRow, rows: readonly StepRow[]): Promise<Store> {
  const store = memoryStore();
  const { id, workflow, file, input, inputHash, code, seed, createdAt } = row;
  const { run } = await store.createRun({
    id,
    workflow,
    file,
    input,
    inputHash,
    code,
    modules: "",
    seed,
    createdAt,
    lease: { owner: "nobody", until: 0 },
  });
  const writes = rows.map((step): Write => ({ type: "step", step, run: id, epoch: run.epoch }));
  await store.commit([...writes, { type: "release", status: "pending", at: row.updatedAt, run: id, epoch: run.epoch }]);
  return store;
}
