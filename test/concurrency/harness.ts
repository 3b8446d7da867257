import { formatStepId, parseStepId } from "../../packages/protocol/src/step-id.ts";
import { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";
import { fingerprint } from "../../packages/runtime/src/values/fingerprint.ts";
import { installed, modules as loaded, workflows as known } from "../process-state.ts";
import type { RunRow, StepRow, Store, Write } from "../../packages/store/src/contract.ts";
import { memoryStore } from "../../packages/store/src/memory.ts";
import { generate } from "./generate.ts";
import { Life, RUN, type Surroundings } from "./life.ts";
import { compiled } from "./load.ts";
import { undisturbed, type Completion, type Undisturbed } from "./oracle.ts";
import { Random } from "./random.ts";
import { Durations, show, signalLabel } from "./world.ts";

/** What a trial came to, for the curious. */
export interface Summary {
  readonly steps: number;
  readonly lives: number;
  readonly outcome: string;
}

/** Something that must not happen happened; the message has all that is needed to see it again. */
export class Violation extends Error {
  override name = "Violation";
  readonly seed: number;

  constructor(seed: number, source: string, order: readonly string[], cause: unknown) {
    super(
      [
        cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
        `seed ${seed}; again: PERDURE_SEED=${seed} npx vitest run test/concurrency`,
        `recorded, in this order:\n  ${order.join("\n  ")}`,
        source,
      ].join("\n\n"),
      { cause },
    );
    this.seed = seed;
  }
}

export interface TrialOptions {
  /** In place of the program that is generated from the seed. */
  readonly source?: string;
  /** A store that does not keep its contract, to see whether a trial notices. */
  readonly broken?: (store: Store) => Store;
}

/** Runs the program of a seed, with all the crashes that the seed says, and compares the result with the plain program. @throws Violation */
export async function trial(seed: number, options: TrialOptions = {}): Promise<Summary> {
  const source = options.source ?? generate(seed);
  const one = new Trial(seed, source, options.broken ?? ((store) => store));
  const [runtime, modules, workflows] = [installed.runtime, new Map(loaded), new Map(known)];
  try {
    return await one.play();
  } catch (error) {
    throw new Violation(seed, source, await one.history(), error);
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

const values = versioned(createCodec());

class Trial implements Surroundings {
  readonly code: string;
  readonly random: Random;
  readonly durations = new Durations();
  readonly announced = new Set<string>();
  readonly inFlight: (() => void)[] = [];
  readonly problems: string[] = [];
  readonly mortality: number;
  readonly distant: boolean;
  readonly store: Store;
  crashes: number;

  private readonly source: string;
  private readonly truth = memoryStore();
  /** Step id → what a task was called with. */
  private readonly inputs = new Map<string, { readonly label: string; readonly hash: string }>();
  private readonly steps = new Map<string, string>();
  /** Steps whose checkpoint is in the store. */
  private readonly finished = new Set<string>();
  private readonly attempts = new Map<string, number>();

  constructor(seed: number, source: string, broken: (store: Store) => Store) {
    this.source = source;
    this.code = compiled(source, seed);
    this.random = new Random(`trial ${seed}`);
    this.crashes = this.random.weighted([
      [1, 0],
      [2, 1],
      [2, 2],
      [1, 3],
      [1, 5],
    ]);
    this.mortality = this.random.pick([0.03, 0.1, 0.25, 0.5]);
    this.distant = this.random.chance(0.45);
    this.store = broken(this.truth);
  }

  async play(): Promise<Summary> {
    const { outcome, calls, lives } = await this.untilEnd();
    const row = await this.row();
    const rows = await this.truth.steps(RUN);
    for (const step of rows) this.checkStep(step);
    const plain = await undisturbed(this.source, this.durations, this.completions(rows));
    same("the outcome", outcome, plain.outcome);
    if (calls) same("the set of calls", listed(calls), listed(plain.calls));
    await this.replayFinished(row, rows, plain);
    return { steps: rows.length, lives, outcome };
  }

  async history(): Promise<string[]> {
    const rows = await this.truth.steps(RUN);
    return rows.map(
      (row) =>
        `${row.seq ?? "open"} ${row.id} ${row.state} ${this.labelOf(row)} attempt ${row.attempt}: ${row.output ?? ""}`,
    );
  }

  private async untilEnd(): Promise<{ outcome: string; calls: ReadonlySet<string> | undefined; lives: number }> {
    let now = Date.UTC(2030, 0, 1);
    for (let lives = 1; ; lives++) {
      const life = new Life(this, now);
      const outcome = await life.live().finally(() => life.kill());
      if (outcome !== undefined) return { outcome, calls: life.calls, lives };
      await this.checkCrash(life);
      now = life.clock.now() + this.random.below(50);
    }
  }

  /** What the workflow has done when its process dies follows from what is in the store: it has seen nothing that was not durable. */
  private async checkCrash({ calls }: Life): Promise<void> {
    if (!calls) return;
    const plain = await undisturbed(this.source, this.durations, this.completions(await this.truth.steps(RUN)));
    same(
      "what was called on the ground of something that is not in the store",
      [...calls].filter((call) => !plain.calls.has(call)).join("\n  "),
      "",
    );
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
    this.inputs.set(step, input);
    this.steps.set(label, step);
  }

  private sameOnce(what: string, before: string | undefined, now: string, of: string): void {
    if (before !== undefined && before !== now) this.problems.push(`${what} ${of} was ${before} and is now ${now}`);
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
    if (row.kind !== "sleep" || row.finishedAt === undefined) return;
    const [slept, duration] = [row.finishedAt - row.startedAt, this.durations.of(this.labelOf(row))];
    if (slept < duration) throw new Error(`${row.id} slept ${slept} of ${duration} ms`);
  }

  private completions(rows: readonly StepRow[]): Completion[] {
    return rows
      .filter(({ seq }) => seq !== undefined)
      .map((row) => {
        const value = row.output === undefined ? undefined : values.decode(row.output);
        const timeout =
          row.kind === "signal" && row.state === "failed" && value instanceof Error ? { timeout: value } : {};
        return { label: this.labelOf(row), shown: show(value), ...timeout };
      });
  }

  private labelOf({ id, kind, inputHash, target }: StepRow): string {
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
  private async replayFinished(row: RunRow, rows: readonly StepRow[], { outcome, calls }: Undisturbed): Promise<void> {
    const again: string[] = [];
    const store = await unfinishedCopy(row, rows);
    const life = new Life(
      {
        ...this.peaceful(),
        store,
        started: (step) => void again.push(step),
        began: () => {},
        committed: () => {},
      },
      row.updatedAt,
    );
    const replayed = await life.live().finally(() => life.kill());
    same("the outcome of a replay", replayed, outcome);
    same("the set of calls of a replay", listed(life.calls), listed(calls));
    same("the steps that a replay of everything executes", again.join(", "), "");
  }

  private peaceful(): Omit<Surroundings, "store" | "started" | "began" | "committed"> {
    const { code, random, durations, announced, mortality } = this;
    return { code, random, durations, announced, mortality, crashes: 0, distant: false, inFlight: [], problems: [] };
  }
}

const listed = (calls: ReadonlySet<string> | undefined): string => [...(calls ?? [])].sort().join("\n  ");

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
