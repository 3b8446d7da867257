import { setImmediate as turn } from "node:timers/promises";
import { taskContext } from "perdure";
import type { RunRow, Store, Write } from "../../packages/store/src/contract.ts";
import { hasEnded } from "../../packages/store/src/status.ts";
import type { Choices } from "../random-programs/choices.ts";
import { evaluate, runtimes, type Scripts } from "../random-programs/load.ts";
import {
  createCodec,
  installed,
  Runtime,
  versioned,
  Worker,
  workflowOf,
  type AnyFunction,
  type StepEvent,
} from "../random-programs/runtime.ts";
import { Labels, show, World, type TaskKind } from "../random-programs/world.ts";
import { faultyStore, type Faults } from "./faulty-store.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { attemptOf, payloadOf, REASON, signalName, type Attempt, type Durations } from "./world.ts";

export const RUN = "run";

/** What outlives a process: the store, and what the outside world knows. */
export interface Surroundings {
  readonly scripts: Scripts;
  readonly store: Store;
  /** Resolves when the store has answered every call. True: it had some to answer. */
  answered(): Promise<boolean>;
  readonly random: Choices;
  readonly durations: Durations;
  /** Signals whose name has been told to those who answer. */
  readonly announced: Set<string>;
  /** Crashes that may still happen. */
  crashes: number;
  /** How likely a durable write is the last one of its process, in percent. */
  readonly mortality: number;
  /** Lives that ended by `close()`. */
  closed: number;
  /** How likely a life ends by `close()`, in percent. */
  readonly closes: number;
  /** Milliseconds that the store may take to answer. */
  readonly latency: number;
  /** Attempts in the store, by step. */
  readonly attempts: ReadonlyMap<string, number>;
  /** Turns until somebody cancels the run; undefined: nobody does. */
  readonly cancellation: Cancellation | undefined;
  /** Commits of dead processes that have not arrived. */
  readonly inFlight: (() => void)[];
  /** What has been seen to go wrong. */
  readonly problems: readonly string[];
  began(step: string, attempt: number, label: string, more: readonly unknown[]): void;
  attemptEnded(step: string, attempt: number, outcome: Attempt): void;
  started(step: string): void;
  committed(writes: readonly Write[], accepted: readonly boolean[]): void;
}

/** How a process takes up a run that is in the store. */
const ways = ["call", "follow", "recover", "work"] as const;

/** That somebody cancels the run, at some time. */
export class Cancellation {
  /** Turns until then. */
  turnsLeft: number;
  /** When the store first took the request. */
  acceptedAt: number | undefined;

  constructor(turnsLeft: number) {
    this.turnsLeft = turnsLeft;
  }

  /** Requests it by way of a process without a runtime. */
  async request(store: Store, now: number): Promise<void> {
    if (await store.cancel({ run: RUN, reason: values.encode(REASON, "the reason") })) this.acceptedAt ??= now;
  }
}

export const values: Runtime["values"] = versioned(createCodec());

/** Virtual time without any progress after which a run counts as stuck. */
const STUCK_AFTER = 2_000;
/** Several times what a run takes that ends. */
const MOST_TURNS = 4_000;

/** One process: a runtime, a loaded program, and the time they have. Ends when the run ends, or with a crash. */
export class Life {
  readonly clock: VirtualClock;
  private labels: Labels | undefined;
  private readonly world: World;
  private readonly around: Surroundings;
  private readonly random: Choices;
  private readonly runtime: Runtime;
  private readonly workflow: AnyFunction;
  private readonly sent: (() => void)[] = [];
  private dead = false;
  private leaving = false;
  /** Turns until it closes its runtime, unless it dies before. */
  private turnsLeft: number;
  /** Labels of the tasks that were attempted. */
  readonly attempted = new Set<string>();
  /** The latest attempt of each step that began here. */
  private readonly begun = new Map<string, number>();
  private touches = 0;
  private progressAt: number;
  private end: string | undefined;
  private failure: unknown;

  constructor(around: Surroundings, bornAt: number) {
    this.around = around;
    this.random = around.random;
    this.clock = new VirtualClock(bornAt, this.random, () => this.touches++);
    this.progressAt = bornAt;
    this.turnsLeft = this.random.chance(around.closes) ? this.random.below(60) : Infinity;
    this.runtime = new Runtime({
      store: faultyStore(around.store, this.faults()),
      clock: this.clock,
      lease: this.random.pick(["1d", "2s"]),
      pollInterval: this.random.pick([5, 20, 100]),
      suspendAfter: this.random.pick([1, 4, 20, "1h"]),
      stallTimeout: "1s",
      countDeaths: false, // the oracle counts only attempts that end
      maxStalls: 1_000_000,
      logLevel: "silent",
      onStep: (event, _run, step) => this.happened(event, step),
    });
    installed.runtime = this.runtime;
    this.world = this.createWorld();
    this.workflow = evaluate(around.scripts, this.world, runtimes.perdure).flow;
  }

  /** Labels of the calls that the workflow made in its latest execution; undefined when it was not executed. */
  get calls(): ReadonlySet<string> | undefined {
    return this.labels?.all;
  }

  /** What the workflow said in its latest execution; undefined when it was not executed. */
  get log(): readonly string[] | undefined {
    return this.world.logged;
  }

  /** The outcome, or undefined after a crash. */
  async live(): Promise<string | undefined> {
    for (const label of this.around.announced) this.answerLater(label);
    for (const arrive of this.around.inFlight.splice(0))
      this.clock.at(this.clock.now() + this.random.below(20), arrive);
    this.run().catch((error: unknown) => this.failed(error));
    for (let turns = 0; ; turns++) {
      await this.settled();
      if (this.dead) return undefined;
      if (this.failure !== undefined) throw this.failure;
      if (this.around.problems.length > 0) throw new Error(this.around.problems.join("\n"));
      if (this.end !== undefined) return this.end;
      if (turns > MOST_TURNS || this.clock.now() - this.progressAt > STUCK_AFTER)
        throw new Error(
          `the run is stuck: nothing has happened for ${this.clock.now() - this.progressAt} ms, in ${turns} turns`,
        );
      this.maybeCancel();
      if (this.random.chance(this.around.mortality / 20) && this.mayDie()) this.kill();
      else if (this.turnsLeft-- <= 0 && !this.leaving) this.leave();
      else if (!this.clock.fire()) await this.expectMore();
    }
  }

  /** Drops what is left of it. */
  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.runtime.kill();
    this.clock.stop();
    this.around.inFlight.push(...this.sent.filter(() => this.random.chance(80)));
  }

  private async expectMore(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) await turn();
    if (await this.around.answered()) return;
    if (!this.dead && this.end === undefined && this.failure === undefined && this.clock.idle)
      throw new Error("the run is stuck: nothing is left to happen");
  }

  /** Ends in order: attempts that run may finish, and the run is given back. */
  private leave(): void {
    this.leaving = true;
    this.around.closed++;
    const left = async (): Promise<void> => {
      await this.runtime.close();
      if (this.dead) return;
      const row = await this.around.store.getRun(RUN);
      if (row?.owner === this.runtime.owner) throw new Error("the runtime was closed and still owns the run");
      for (const [step, attempt] of row && hasEnded(row) ? [] : this.begun)
        if ((this.around.attempts.get(step) ?? 0) < attempt)
          throw new Error(`attempt ${attempt} of ${step} began before the runtime was closed, and is not recorded`);
      this.kill();
    };
    left().catch((error: unknown) => (this.failure ??= error));
  }

  /** Somebody cancels the run: through this process, or through another one. */
  private maybeCancel(): void {
    const { cancellation, store } = this.around;
    if (!cancellation || cancellation.turnsLeft-- !== 0) return;
    const cancel = async (): Promise<void> => {
      if (!(await store.getRun(RUN))) cancellation.turnsLeft = 5;
      else if (this.random.chance(40)) await cancellation.request(store, this.clock.now());
      else if (await this.runtime.cancel(RUN, REASON)) cancellation.acceptedAt ??= this.clock.now();
      this.around.crashes += this.random.below(4);
    };
    cancel().catch((error: unknown) => this.failed(error));
  }

  /** What a runtime that is gone does not answer any more is no failure. */
  private failed(error: unknown): void {
    if (!this.dead && !this.leaving) this.failure ??= error;
  }

  private async run(): Promise<void> {
    const known = await this.around.store.getRun(RUN);
    // to call a run that has failed is to try it again
    const way = !known ? "call" : this.random.pick(known.status === "failed" ? ways.slice(1) : ways);
    if (way === "call") await this.runtime.begin({ definition: workflowOf(this.workflow), args: ["w"], id: RUN });
    if (way === "recover") await this.runtime.requests.recover(undefined);
    if (way === "work") new Worker(this.runtime, {});
    const { status, output } = await (way === "call" || way === "follow" ? this.runtime.follow(RUN) : this.seeEnd());
    this.end = `${status} ${show(this.runtime.values.decode(output ?? ""))}`;
  }

  /** Looks for the end of the run in the store, as another process would. */
  private async seeEnd(): Promise<RunRow> {
    for (;;) {
      const row = await this.around.store.getRun(RUN);
      if (row && hasEnded(row)) return row;
      await this.clock.wait(10);
    }
  }

  /** Until only the clock can go on; at times not even that long. */
  private async settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      const before = this.touches;
      await turn();
      if ((await this.around.answered()) || this.touches !== before) quiet = -1;
      if (this.random.chance(10)) return;
    }
  }

  private happened(event: StepEvent, step: string): void {
    this.touches++;
    this.progressAt = this.clock.now();
    if (event === "started") this.around.started(step);
  }

  private mayDie(): boolean {
    return this.around.crashes > 0 && this.around.crashes-- > 0;
  }

  private faults(): Faults {
    const { around } = this;
    return {
      random: this.random,
      clock: this.clock,
      latency: around.latency,
      dies: () => {
        this.touches++;
        return !this.dead && this.random.chance(around.mortality) && this.mayDie();
      },
      kill: () => this.kill(),
      late: (arrive) => void this.sent.push(arrive),
      committed: (writes, accepted) => around.committed(writes, accepted),
    };
  }

  // --- what the program sees of the world

  private createWorld(): World {
    return new World({
      begin: () => void (this.labels = new Labels()), // also when the run had left memory and is resumed
      at: (label) => this.called(label),
      dur: (label) => this.around.durations.of(this.called(label)),
      sig: (label) => {
        const called = this.called(label);
        if (!this.around.announced.has(called)) this.answerLater(called);
        this.around.announced.add(called);
        return signalName(called);
      },
      work: (kind, label, more, captured) => this.attempt(kind, label, more, captured),
    });
  }

  private called(label: string): string {
    if (!this.labels) throw new Error(`${label} is called before the workflow begins`);
    return this.labels.take(label);
  }

  private async attempt(kind: TaskKind, label: string, more: readonly unknown[], captured: unknown): Promise<unknown> {
    const { stepId, attempt } = taskContext();
    this.attempted.add(label);
    this.begun.set(stepId, attempt);
    this.around.began(stepId, attempt, label, more);
    if (this.random.chance(90)) await this.clock.wait(this.random.below(this.random.chance(10) ? 200 : 12));
    const outcome = attemptOf(kind, label, [...more, captured], attempt);
    this.around.attemptEnded(stepId, attempt, outcome);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Somebody answers: through this process, or through another one. */
  private answerLater(label: string): void {
    this.clock.at(
      this.clock.now() + this.random.below(80),
      () => void this.answer(label).catch((error: unknown) => this.failed(error)),
    );
  }

  private async answer(label: string): Promise<void> {
    const [name, payload] = [signalName(label), payloadOf(label)];
    if (this.random.chance(50)) await this.runtime.requests.complete(RUN, name, payload);
    else
      await this.around.store.deliver({
        run: RUN,
        name,
        payload: this.runtime.values.encode(payload, "the payload"),
      });
  }
}
