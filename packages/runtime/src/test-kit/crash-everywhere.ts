import { checkOptions } from "@perdure/protocol";
import { DURABLE_WRITES, memoryStore, wrapStore, type Awaitable, type Store } from "@perdure/store";
import type { StepEvent } from "../config/events.ts";
import type { RuntimeOptions } from "../config/settings.ts";
import type { AnyFunction } from "../definitions/definition.ts";
import { workflowOf } from "../definitions/workflows.ts";
import type { RunRequest } from "../execution/host.ts";
import { bodyOf } from "../execution/launch.ts";
import { installed } from "../process/default-runtime.ts";
import { Runtime } from "../process/runtime.ts";
import { TestClock } from "./clock.ts";
import { settled } from "./settled.ts";

export interface CrashOptions {
  /** A fresh, empty store for each round. Default: in memory. */
  readonly store?: () => Store;
  /** Signals to deliver when the run has started: name → payload. */
  readonly signals?: Readonly<Record<string, unknown>>;
  /** As for `configure`. */
  readonly options?: Omit<RuntimeOptions, "store" | "clock" | "onStep">;
}

export interface CrashReport {
  /** Durable writes of an undisturbed run. The workflow was crashed before and after each. */
  readonly boundaries: number;
  /** Finished steps: run id and step id. */
  readonly steps: readonly string[];
}

interface Round {
  readonly outcome: string;
  readonly steps: readonly string[];
  readonly boundaries: number;
}

const RUN = "crash-everywhere";

/** Every round draws the same random values. */
const sameSeed = (run: string): string => run;

/**
 * Runs the workflow once undisturbed. Then runs it again for every durable write, kills it just before or just after that write, and resumes it.
 * Retries, sleeps and timeouts take no time.
 * @throws Error when an outcome differs from the undisturbed one, or a step whose checkpoint was written ran again
 */
export async function crashEverywhere<A extends unknown[], R>(
  workflow: (...args: A) => Promise<R>,
  args: NoInfer<A>,
  options: CrashOptions = {},
): Promise<CrashReport> {
  checkOptions(options, { store: true, signals: true, options: true }, "crashEverywhere()");
  const before = installed.runtime;
  try {
    const round = (crashAt: number, survives: boolean): Promise<Round> =>
      new CrashRound(options, crashAt, survives).play(workflow, args);
    const undisturbed = await round(Infinity, true);
    for (let crashAt = 1; crashAt <= undisturbed.boundaries; crashAt++) {
      for (const survives of [false, true]) {
        const where = `a crash ${survives ? "after" : "before"} durable write ${crashAt} of ${undisturbed.boundaries}`;
        const { outcome } = await round(crashAt, survives).catch((error: unknown) => {
          throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        });
        if (outcome !== undisturbed.outcome)
          throw new Error(
            `${where} changes the outcome\n  undisturbed: ${undisturbed.outcome}\n  resumed:     ${outcome}`,
          );
      }
    }
    return { boundaries: undisturbed.boundaries, steps: undisturbed.steps };
  } finally {
    installed.runtime = before;
  }
}

class CrashRound {
  private readonly options: CrashOptions;
  private readonly crashAt: number;
  private readonly survives: boolean;
  private readonly clock = new TestClock();
  private readonly store: Store;
  private readonly started: string[] = [];
  private writes = 0;
  private crashed = false;
  private runtime: Runtime;

  constructor(options: CrashOptions, crashAt: number, survives: boolean) {
    this.options = options;
    this.crashAt = crashAt;
    this.survives = survives;
    this.store = options.store?.() ?? memoryStore();
    this.runtime = this.createRuntime();
  }

  async play(workflow: AnyFunction, args: readonly unknown[]): Promise<Round> {
    await this.store.open({ now: () => this.clock.now() });
    try {
      return await this.untilEnd(workflow, args);
    } finally {
      this.runtime.kill();
      await this.store.close();
    }
  }

  private async untilEnd(workflow: AnyFunction, args: readonly unknown[]): Promise<Round> {
    const definition = workflowOf(workflow);
    const request = { definition, args, id: RUN, body: bodyOf(definition, workflow) };
    let outcome = await this.live(request);
    if (this.crashed) {
      const finished = await this.finishedSteps();
      this.started.length = 0;
      this.runtime = this.createRuntime();
      outcome = await this.live(request);
      const again = this.started.filter((step) => finished.has(step));
      if (again.length > 0) throw new Error(`finished steps ran again: ${again.join(", ")}`);
    }
    if (outcome === undefined) throw new Error("the run did not end");
    const round = { outcome, steps: [...(await this.finishedSteps())], boundaries: this.writes };
    await this.runtime.close();
    return round;
  }

  private createRuntime(): Runtime {
    const onStep = (event: StepEvent, run: string, step: string): void =>
      void (event === "started" && this.started.push(`${run} ${step}`));
    return (installed.runtime = new Runtime({
      pollInterval: "1h",
      lease: "1000d",
      seed: sameSeed,
      ...this.options.options,
      store: this.faulty(),
      clock: this.clock,
      onStep,
    }));
  }

  /** Until the run ends (its outcome) or the process dies (undefined). */
  private async live(request: RunRequest): Promise<string | undefined> {
    let outcome: string | undefined;
    let failure: unknown;
    const { runtime } = this;
    const wasCrashed = this.crashed;
    const isKnown = (await this.store.getRun(RUN)) !== undefined;
    const run = async (): Promise<void> => {
      if (!isKnown) await runtime.begin(request);
      for (const [name, payload] of Object.entries(this.options.signals ?? {}))
        await runtime.requests.complete(RUN, name, payload);
      const { status, output } = await runtime.follow(RUN, request);
      outcome = describe(status, runtime.values.decode(output), output);
    };
    run().catch((error: unknown) => (failure = error));
    while (outcome === undefined && this.crashed === wasCrashed) {
      await settled(runtime);
      if (failure !== undefined && this.crashed === wasCrashed) throw failure;
      if (outcome !== undefined || this.crashed !== wasCrashed) break;
      const wait = this.clock.untilNext;
      if (wait === undefined) throw new Error("the run waits for something that never comes");
      await this.clock.advance(wait, () => settled(runtime));
    }
    return outcome;
  }

  private async finishedSteps(): Promise<Set<string>> {
    const finished = new Set<string>();
    for (const run of await this.store.listRuns({ limit: Number.MAX_SAFE_INTEGER })) {
      for (const { id, state } of await this.store.steps(run.id)) if (state !== "open") finished.add(`${run.id} ${id}`);
    }
    return finished;
  }

  /** The store as seen by one process, which dies at the chosen write. From then on it calls nothing and gets no answers. */
  private faulty(): Store {
    const { store } = this;
    let dead = false;
    const never = (): Promise<never> => new Promise(() => {});
    const call = <R>(perform: () => Awaitable<R>): Awaitable<R> => {
      if (dead) return never();
      const answer = perform();
      return answer instanceof Promise ? answer.then((value) => (dead ? never() : value)) : answer;
    };
    const die = (): Promise<never> => {
      dead = this.crashed = true;
      this.runtime.kill();
      return never();
    };
    const write = <R>(perform: () => Awaitable<R>): Awaitable<R> => {
      if (dead || ++this.writes !== this.crashAt) return call(perform);
      if (!this.survives) return die();
      const answer = perform();
      return answer instanceof Promise ? answer.then(die) : die();
    };
    return wrapStore(store, (method, perform) => {
      if (method === "open" || method === "close") return undefined as never; // both processes use one open store
      return DURABLE_WRITES.has(method) ? write(perform) : call(perform);
    });
  }
}

const describe = (status: string, value: unknown, stored: string): string =>
  value instanceof Error ? `${status}: ${value.name}: ${value.message}` : `${status}: ${stored}`;
