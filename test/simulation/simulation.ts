import type { Store } from "perdure";
import type { StoreMethod } from "../../packages/store/src/wrap-store.ts";
import { memoryStore, sqliteStore } from "../../packages/store/src/index.ts";
import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Choices } from "../random-programs/choices.ts";
import { Actions } from "./actions.ts";
import { checkEnd, isAtRest } from "./end.ts";
import { EventLoop, START, type Time } from "./event-loop.ts";
import { goodLine } from "./network.ts";
import { currentProcess, leave, restoreModules, VirtualProcess, type Surroundings } from "./process.ts";
import type { Module } from "./programs/shapes.ts";
import { setStage, type Deed, type Place, type Stage, type Telling, type Told } from "./programs/stage.ts";
import { hash } from "../random-programs/choices.ts";
import { FatalError, taskContext } from "perdure";
import { FlowWitness } from "./flow/witness.ts";
import { StreamsWitness } from "./streams/witness.ts";
import { tell } from "./streams/writers.ts";
import { values } from "./values.ts";
import { truthOf, Witness, type Counts, type Truth } from "./witness.ts";

export interface Report {
  readonly subject: Subject;
  readonly seed: number;
  readonly problems: readonly string[];
  readonly log: readonly string[];
  readonly counts: Counts;
}

/** After the last fault, everything has to come to rest within this many milliseconds. */
const QUIET_TIME = 15 * 60_000;
/** Milliseconds between two looks at whether everything is at rest. */
const LOOK_INTERVAL = 250;
/** No more than this can happen in one millisecond. */
const MOST_AT_ONCE = 5000;
/** One of so many worlds of queues has schedules too. */
const WITH_SCHEDULES = 3;
/** What the programs of a world are about: the life of runs; queues, schedules, and the conditions under which runs begin; or streams. */
export type Subject = "life" | "flow" | "streams";
const modulesOf: Readonly<Record<Subject, readonly Module[]>> = {
  life: ["steps", "waits", "families", "troubles"],
  flow: ["queues", "steps"],
  streams: ["streams"],
};

/** Calls of the store that may end runs. */
const ENDING: ReadonlySet<StoreMethod> = new Set(["commit", "cancel", "expire"]);

const turnOfTheLoop = globalThis.setImmediate;
const turn = (): Promise<void> => new Promise((resolve) => turnOfTheLoop(resolve));

const never = (): Promise<never> => new Promise(() => {});

/** One simulated world. */
export class Simulation implements Surroundings, Stage {
  readonly time: Time = { now: 0 };
  readonly random: Choices;
  readonly outside: EventLoop;
  readonly store: Store;
  readonly truth: Truth;
  readonly processes: VirtualProcess[] = [];
  readonly observer: Witness;
  readonly subject: Subject;
  readonly modules: readonly Module[];
  readonly hasSchedules: boolean;
  readonly flow: FlowWitness;
  readonly streams: StreamsWitness;
  /** Whether the store has a clock of its own. Otherwise it and all processes have that of one machine. */
  readonly isRemote: boolean;
  /** How far the store's clock is ahead of the world. */
  ahead = 0;
  private readonly maxStalls: number;
  /** How likely a process crashes just before or after a call reaches the store, in percent. */
  private readonly mortality: number;
  private readonly bodies = new Map<string, number>();
  private readonly actions: Actions;
  /** When the last fault was over. */
  healedAt = Infinity;

  constructor(subject: Subject, seed: number, store: Store) {
    this.subject = subject;
    this.hasSchedules = subject === "flow" && seed % WITH_SCHEDULES === 1;
    this.modules = [...modulesOf[subject], ...(this.hasSchedules ? (["ticking"] as const) : [])];
    this.random = new Choices([], seed);
    this.outside = new EventLoop(this.time, this.random);
    this.store = store;
    this.truth = truthOf(store);
    this.observer = new Witness(this.time, this.truth, this.processes, this.random.chance(50));
    this.isRemote = !this.observer.isExact && this.random.chance(70);
    this.flow = new FlowWitness(this.time, this.truth, this.processes, this.observer, () => this.wall());
    this.streams = new StreamsWitness(this.truth, this.observer, values);
    this.maxStalls = this.random.pick([3, 10]);
    this.mortality = this.random.pick([0, 0, 0.1, 1]);
    this.actions = new Actions(this);
  }

  witness(process: VirtualProcess): ReturnType<Surroundings["witness"]> {
    const seen = this.observer.of(process);
    const mayCrash = (method: string): void => {
      if (!this.isHealed && method !== "open" && this.random.chance(this.mortality)) this.crash(process);
    };
    return {
      ...seen,
      called: (method, args) => {
        seen.called(method, args);
        this.flow.ticks.called(process, method, args);
      },
      reaches: (method, args) => {
        seen.reaches(method, args);
        this.flow.ticks.reaches(method, args);
        this.streams.reaches(method, args);
        if (!process.isGone) mayCrash(method);
      },
      answered: (method, args, answer, calledAt) => {
        seen.answered(method, args, answer, calledAt);
        this.flow.answered(process, method, args, answer, calledAt);
      },
      performed: (method, args, answer) => {
        seen.performed(method, args, answer);
        this.flow.performed(process, method, args, answer);
        this.streams.performed(process, method, args, answer);
        if (this.actions.readers && ENDING.has(method)) this.streams.look(this.actions.planned);
        if (!process.isGone) mayCrash(method);
      },
    };
  }

  async play(): Promise<void> {
    const chaos = this.subject === "life" ? this.random.between(20, 90) * 1000 : this.random.between(5, 40) * 1000;
    this.actions.begin();
    await this.until(() => this.time.now >= chaos);
    this.heal();
    const limit = this.time.now + QUIET_TIME;
    let lookedAt = 0;
    await this.until(() => {
      if (this.time.now < lookedAt + LOOK_INTERVAL) return false;
      lookedAt = this.time.now;
      if (this.hasSchedules) this.flow.ticks.checkProgress(this.actions.healthy());
      return lookedAt >= limit || isAtRest(this, this.actions);
    });
    checkEnd(this, this.actions);
  }

  /** Lets things happen one by one. After each, all code that it leads to has run. */
  private async until(isOver: () => boolean): Promise<void> {
    let [since, count] = [-1, 0];
    while (!isOver() && this.observer.problems.length === 0) {
      const loops = [this.outside, ...this.processes.filter(({ isGone }) => !isGone).map(({ loop }) => loop)];
      const nextAt = Math.min(...loops.map((loop) => loop.nextAt));
      if (nextAt === Infinity) return;
      this.time.now = Math.max(this.time.now, nextAt);
      count = since === this.time.now ? count + 1 : 0;
      since = this.time.now;
      if (count > MOST_AT_ONCE) return this.observer.problem("the same things happen again and again, without an end");
      const loop = this.random.pick(loops.filter((each) => each.nextAt <= this.time.now));
      const process = this.processes.find((each) => each.loop === loop);
      process?.enter();
      try {
        loop.step();
      } catch (error) {
        this.observer.problem(`${process?.name ?? "?"} threw ${String(error)}`);
      }
      await turn();
      leave();
    }
  }

  /** No more faults: processes go on, the store answers, and one process has a worker and all modules. */
  private heal(): void {
    this.healedAt = this.time.now;
    this.observer.say("", "--- all faults are over");
    for (const process of this.alive) {
      process.line = goodLine;
      process.loop.pausedUntil = Math.min(process.loop.pausedUntil, this.time.now);
    }
    this.actions.heal();
  }

  /** What the store's clock shows. */
  wall(): number {
    return START + this.time.now + this.ahead;
  }

  get isHealed(): boolean {
    return this.healedAt !== Infinity;
  }

  get alive(): VirtualProcess[] {
    return this.processes.filter(({ isGone }) => !isGone);
  }

  spawn(loaded: readonly Module[] = this.modules): VirtualProcess {
    const { random } = this;
    const ahead = this.isRemote ? random.pick([0, 0, 40, -300, 5000, -20_000]) : this.ahead;
    const lease = random.pick([3000, 6000, 15_000]);
    const process = new VirtualProcess(this, `P${this.processes.length + 1}`, random.below(2), ahead, loaded, {
      lease,
      pollInterval: random.pick([100, 250, 1000]),
      suspendAfter: random.pick([20, 500, 5000, 60_000]),
      maxStalls: this.maxStalls,
      logLevel: "warn",
      checkArguments: false,
      ...(random.chance(30) && { storeTimeout: random.pick([1000, 20_000]) }),
      ...(this.subject === "streams" && {
        streams: { flushEvery: random.pick([0, 25, 500]), flushBytes: random.pick([100, 65_536]) },
      }),
    });
    this.processes.push(process);
    this.observer.say(process.name, `is born on machine ${process.machine}, lease ${lease}, with ${loaded.join(" ")}`);
    return process;
  }

  crash(process: VirtualProcess): void {
    if (process.isGone) return;
    this.observer.counts.crashes++;
    this.observer.say(process.name, "crashes");
    process.crash();
  }

  // --- what the programs do

  async attempt<T>(deed: Deed, retries: number, place?: Place, inside?: () => Promise<T>): Promise<T> {
    const process = currentProcess();
    if (!process || process.isGone) return never();
    const { runId: run, stepId: step } = taskContext();
    const epoch = process.runtime.runs.get(run)?.run.epoch ?? 0;
    const attempt = place && this.flow.begins(process, { run, step, epoch }, place);
    try {
      await this.perform(process, deed, retries);
      if (attempt) attempt.isWaiting = inside !== undefined;
      return (await inside?.()) as T;
    } finally {
      if (attempt) this.flow.ends(attempt);
    }
  }

  private async perform(process: VirtualProcess, deed: Deed, retries: number): Promise<void> {
    const { runId, stepId, attempt, signal } = taskContext();
    const count = this.observer.attemptBegins(process, retries);
    const { random } = this;
    if (deed === "kills its process") {
      this.observer.kills(process, retries, count);
      this.crash(process);
      return never();
    }
    if (deed === "blocks the event loop") process.pause(random.below(20_000));
    const longest = deed === "works long" ? 8000 : random.chance(10) ? 3000 : 40;
    if (deed === "works long" || random.chance(60)) {
      const isObedient = random.chance(50);
      await new Promise<void>((resolve, reject) => {
        process.clock.after(random.below(longest), resolve);
        if (isObedient) signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    }
    if (deed === "fails at first" && attempt <= hash(`${runId} ${stepId}`) % 4) throw new Error(`attempt ${attempt}`);
    if (deed === "always fails") throw new Error("always");
    if (deed === "fails until the run is tried again" && (this.observer.retries.get(runId) ?? 0) === 0)
      throw new FatalError("not before the run is tried again");
  }

  async tell(stream: string, telling: Telling, retries: number, inside?: () => Promise<unknown>): Promise<Told> {
    const process = currentProcess();
    if (!process || process.isGone) return never();
    const serial = this.observer.attemptBegins(process, retries);
    return await tell(this, process, serial, stream, telling, inside);
  }

  readonly isRetried = (run: string): boolean => this.observer.retries.has(run);

  bodyBegins(run: string, deaths: number): void {
    const process = currentProcess();
    if (!process || process.isGone) return;
    const count = (this.bodies.get(run) ?? 0) + 1;
    this.bodies.set(run, count);
    if (count <= deaths) this.crash(process);
  }
}

const later = (fn: (...args: unknown[]) => void, ...args: unknown[]): void =>
  currentProcess()?.loop.immediate(() => fn(...args));

class Timer {
  readonly cancel: (() => void) | undefined;

  constructor(fn: () => void, milliseconds: number) {
    this.cancel = currentProcess()?.clock.after(milliseconds, fn);
  }

  unref(): this {
    return this;
  }
}

let running: Simulation | undefined;

let ids = 0;

/** In place of random ids, which would be others each time. */
Object.assign(globalThis, {
  simulatedId: () => `id-${++ids}`,
  simulatedTime: {
    now: () => currentProcess()?.clock.monotonic() ?? performance.now(),
    setTimeout: (fn: () => void, milliseconds: number) => new Timer(fn, milliseconds),
    clearTimeout: (timer: Timer) => timer.cancel?.(),
  },
});

/** A rejection that reached the process. */
export const rejected = (reason: unknown): void =>
  running?.observer.problem(
    `an unhandled rejection: ${reason instanceof Error ? (reason.stack ?? "") : String(reason)}`,
  );

/** Plays one world from its seed. */
export async function simulate(subject: Subject, seed: number): Promise<Report> {
  ids = 0;
  const directory = seed % 10 === 0 ? mkdtempSync(join(tmpdir(), "perdure-simulation-")) : undefined;
  const store =
    directory === undefined ? memoryStore() : sqliteStore(join(directory, "runs.db"), { durability: "normal" });
  const simulation = new Simulation(subject, seed, store);
  await store.open({ now: () => simulation.wall() });
  running = simulation;
  globalThis.setImmediate = later as unknown as typeof setImmediate;
  setStage(simulation);
  try {
    await simulation.play();
  } finally {
    running = undefined;
    globalThis.setImmediate = turnOfTheLoop;
    for (const { runtime } of simulation.processes) runtime.kill();
    await turn();
    setStage(undefined);
    restoreModules();
    await store.close();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
  const { problems, counts } = simulation.observer;
  const log = simulation.observer.log.map((line) => (directory === undefined ? line : line.replaceAll(directory, "")));
  return { subject, seed, problems, log, counts };
}
