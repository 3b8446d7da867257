import { close, getRun, start, taskContext } from "perdure";
import { advance, memoryStore, setup, type TestRuntime } from "perdure/testing";
import type { Choices } from "../random-programs/choices.ts";
import { installed } from "../random-programs/runtime.ts";
import { evaluate, runtimes, type Entry, type Runtime, type Scripts } from "../random-programs/load.ts";
import { show, World } from "../random-programs/world.ts";
import { unfinishedCopy } from "../concurrency/unfinished-copy.ts";
import { isFinal } from "../../packages/store/src/status.ts";
import { nameOf, Shared, type Incident } from "./random-dying-store.ts";

/** What a program came to. */
export interface Outcome {
  readonly result: string;
  readonly log: readonly string[];
  /** The calls of its tasks, in no order. */
  readonly calls: readonly string[];
}

const RUN = "w";
const INPUT = 5;
/** Milliseconds after which something counts as stuck. */
const LIMIT = 10_000;

/** What a promise comes to, while time goes on; undefined when `ended` says so first. */
async function outcome(promise: Promise<unknown>, ended = (): boolean => false): Promise<string | undefined> {
  let text: string | undefined;
  void promise.then(
    (value) => (text = `completed ${show(value)}`),
    (error: unknown) => (text = `failed ${show(error)}`),
  );
  const limit = performance.now() + LIMIT;
  for (let turns = 0; text === undefined && !ended(); turns++) {
    if (performance.now() > limit) throw new Error("it does not end");
    await advance(turns < 3 ? 0 : "1h");
  }
  return text;
}

/** Calls `main`, where there is no run. */
export async function call(scripts: Scripts, runtime: Runtime): Promise<Outcome> {
  const calls: string[] = [];
  const world = new World({ seen: (...given) => void calls.push(show(given)) });
  setup({ logLevel: "silent" });
  const result = await outcome(evaluate(scripts, world, runtime).main(INPUT)).finally(close);
  return { result: result ?? "", log: world.logged ?? [], calls: calls.sort() };
}

/** What becomes of the processes of a run. */
export interface Course {
  /** One of each process but the last. */
  readonly incidents: readonly Incident[];
  readonly suspends: boolean;
}

/** What became of a run, in one process or in several. */
export interface RunOutcome extends Outcome {
  readonly writes: number;
  /** Ids of its steps. */
  readonly steps: readonly string[];
}

/** Runs `flow` in one process after the other, of which each but the last one dies or is closed. In some, the run leaves memory wherever it waits. */
export async function run(
  scripts: Scripts,
  { incidents, suspends }: Course,
  runtime: Runtime = runtimes.perdure,
): Promise<RunOutcome> {
  const shared = new Shared(memoryStore());
  await shared.store.open();
  const calls: string[] = [];
  let log: readonly string[] = [];
  for (const incident of [...incidents, undefined]) {
    const life = new Life(shared, scripts, incident, suspends, runtime);
    const result = await life.live();
    calls.push(...life.calls);
    log = life.world.logged ?? log;
    if (result === undefined) continue;
    await close();
    return { result, log, calls: calls.sort(), writes: shared.writes, steps: (await shared.finished()).sort() };
  }
  throw new Error("the last process died");
}

const isStep = (): boolean => {
  try {
    return taskContext().stepId !== "";
  } catch {
    return false;
  }
};

/** One process. */
class Life {
  /** The calls of tasks, all of which have to be steps. */
  readonly calls: string[] = [];
  readonly world = new World({
    seen: (...given) => void this.calls.push(`${show(given)}${isStep() ? "" : " outside of a step"}`),
  });
  private readonly shared: Shared;
  private readonly flow: Entry;
  private readonly process: TestRuntime;
  private dead = false;
  private leaving = false;
  private readonly started: string[] = [];
  private readonly runtime: Pick<NonNullable<typeof installed.runtime>, "close"> | undefined;

  constructor(shared: Shared, scripts: Scripts, incident: Incident | undefined, suspends: boolean, runtime: Runtime) {
    this.shared = shared;
    this.process = setup({
      store: shared.seenBy(incident, (what) => this.happen(what)),
      logLevel: "silent",
      ...(suspends && { suspendAfter: 0 }),
      onStep: (event, run, step) => void (event === "started" && this.started.push(nameOf(run, step))),
    });
    this.runtime = installed.runtime;
    this.flow = evaluate(scripts, this.world, runtime).flow;
  }

  /** The outcome, or undefined after its death. */
  async live(): Promise<string | undefined> {
    const finished = new Set(await this.shared.finished());
    const result = await outcome(this.untilClosed(), () => this.dead);
    this.process.crash();
    const again = this.started.filter((step) => finished.has(step));
    if (again.length > 0) throw new Error(`finished steps ran again: ${again.join(", ")}`);
    return this.dead ? undefined : result;
  }

  /** What a runtime that is closed does not answer any more is no failure. */
  private async untilClosed(): Promise<unknown> {
    try {
      return await this.follow();
    } catch (error) {
      return this.leaving ? await new Promise(() => {}) : await Promise.reject(error);
    }
  }

  private async follow(): Promise<unknown> {
    const row = await this.shared.store.getRun(RUN);
    const hasEnded = row !== undefined && isFinal(row.status);
    const handle = hasEnded ? await getRun(RUN) : await start(this.flow, [INPUT]);
    return await handle.result();
  }

  private happen(what: Incident["what"]): void {
    if (what === "the run is cancelled") void this.cancel();
    else if (what === "it is closed") this.leave();
    else this.die();
  }

  private async cancel(): Promise<void> {
    await (await getRun(RUN)).cancel("enough");
  }

  private leave(): void {
    this.leaving = true;
    void this.runtime?.close().then(() => (this.dead = true));
  }

  private die(): void {
    this.dead = true;
    this.process.crash();
  }
}

/** Cancels `flow` at a durable write, and replays all that was recorded in another process. */
export async function cancelled(
  scripts: Scripts,
  at: number,
  runtime: Runtime,
): Promise<{ readonly live: Outcome; readonly replayed: Outcome }> {
  const shared = new Shared(memoryStore());
  const first = new Life(shared, scripts, { at, what: "the run is cancelled" }, false, runtime);
  const result = await first.live();
  const row = await shared.store.getRun(RUN);
  if (!row) throw new Error("the run is not in the store");
  const copy = await unfinishedCopy(row, await shared.store.steps(RUN));
  const second = new Life(new Shared(copy), scripts, undefined, false, runtime);
  const again = await second.live();
  await close();
  const outcome = (text: string | undefined, { world }: Life, calls: readonly string[]): Outcome => ({
    result: text ?? "",
    log: world.logged ?? [],
    calls,
  });
  return { live: outcome(result, first, []), replayed: outcome(again, second, second.calls) };
}

/** Some courses of a run that makes this many writes: one process ends, or one after the other. */
export function someCourses(c: Choices, writes: number, count: number): readonly Course[] {
  const ends = ["it dies before it", "it dies after it", "it is closed"] as const;
  const one = (): Incident => ({ at: 1 + c.below(writes), what: c.pick(ends) });
  return Array.from({ length: count }, () => ({
    incidents: c.chance(30) ? [one(), one()] : [one()],
    suspends: c.chance(30),
  }));
}
