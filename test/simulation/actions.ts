import { complete, getRun, recover, start, startMany, worker, type Run, type StartOptions, type Worker } from "perdure";
import { isExpected, lines } from "./network.ts";
import type { VirtualProcess } from "./process.ts";
import { conditions, sharedStart, type Conditions } from "./flow/requests.ts";
import { Schedules } from "./flow/schedules.ts";
import { gathering, shapes, type Module, type Shape } from "./programs/shapes.ts";
import type { Simulation, Subject } from "./simulation.ts";
import { Readers } from "./streams/readers.ts";
import { values } from "./values.ts";

/** A run that somebody may start. */
interface Plan {
  readonly id: string;
  readonly shape: Shape;
  readonly args: readonly unknown[];
  readonly options: Conditions;
}

/** Somebody in a process who waits for the result of a run. */
export interface Caller {
  readonly process: VirtualProcess;
  readonly run: string;
  result?: { readonly value: unknown } | { readonly error: unknown };
}

const MOST_PROCESSES = 4;

/** What more programs are about than others. */
const favourites: Readonly<Record<Subject, Module>> = { life: "waits", flow: "queues", streams: "streams" };

/** What people and machines do to the processes and their runs, at random. */
export class Actions {
  readonly callers: Caller[] = [];
  /** Runs that `start` has returned. */
  readonly started = new Set<string>();
  readonly schedules: Schedules | undefined;
  readonly readers: Readers | undefined;

  private readonly simulation: Simulation;
  private readonly plans: readonly Plan[];
  private readonly workers = new Map<VirtualProcess, Worker[]>();
  private payloads = 0;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    const { random } = simulation;
    const { modules } = simulation;
    const ofPlans = modules.filter((module) => module !== "ticking");
    const theme = random.chance(50) ? random.pick<Module>([...ofPlans, favourites[simulation.subject]]) : undefined;
    const isPlayed = ({ module }: Shape): boolean =>
      theme === undefined ? modules.includes(module) : module === theme;
    const names = Object.keys(shapes).filter((name) => isPlayed(shapes[name] as Shape));
    this.plans = Array.from({ length: random.between(1, simulation.hasSchedules ? 3 : 8) }, (_, index) => {
      const drawn = shapes[random.pick(names)] as Shape;
      const shape = drawn.isDeadly && random.chance(60) ? (shapes["sequence"] as Shape) : drawn;
      const args = shape === shapes["deadly"] ? [random.pick([1, 2, 99])] : shape.args;
      return { id: `r${index + 1}`, shape, args, options: this.isFlow ? conditions(random) : {} };
    });
    if (simulation.hasSchedules)
      this.schedules = new Schedules(simulation, (...given) => this.do(...given), this.started);
    if (simulation.subject === "streams")
      this.readers = new Readers(
        simulation,
        values,
        (id) => this.plans.find((each) => each.id === id)?.shape.streams ?? [],
      );
  }

  /** The ids of the runs that somebody may start. */
  get planned(): string[] {
    return this.plans.map(({ id }) => id);
  }

  /** Whether the programs stand in line of queues. */
  private get isFlow(): boolean {
    return this.simulation.subject === "flow";
  }

  begin(): void {
    const { random } = this.simulation;
    for (let count = random.between(1, 3); count > 0; count--) this.soon(() => this.spawn());
    this.soon(() => this.next());
  }

  /** One process after the other: what the code of one leads to has happened before another one runs. */
  private soon(act: () => void): void {
    const { outside, time } = this.simulation;
    outside.at(time.now, act);
  }

  private next(): void {
    const { outside, time, random } = this.simulation;
    const wait = random.pick([0, 5, 50, 500, 2000, 5000]);
    outside.at(time.now + random.below(wait + 1), () => {
      if (this.simulation.isHealed) return;
      this.act();
      this.next();
    });
  }

  private act(): void {
    const { simulation } = this;
    const { random } = simulation;
    const running = simulation.alive.filter(({ isClosing, isPaused }) => !isClosing && !isPaused);
    const process = running.length > 0 ? random.pick(running) : undefined;
    if (!process) {
      if (simulation.alive.length < MOST_PROCESSES) this.spawn();
      return;
    }
    const plan = random.pick(this.plans);
    random.weighted<() => void>([
      [24, () => this.start(process, plan)],
      ...(this.isFlow ? this.flowActions(process) : []),
      ...(this.schedules?.actions(process) ?? []),
      ...(this.readers ? this.streamActions(process, plan) : []),
      [10, () => this.deliver(process, plan)],
      [3, () => this.cancel(process, this.someRun(plan))],
      [2, () => this.retry(process, plan.id)],
      [3, () => this.follow(process, this.someRun(plan))],
      [3, () => this.do(process, "recover()", recover)],
      [3, () => this.work(process)],
      [2, () => this.stopWorking(process)],
      [3, () => simulation.alive.length < MOST_PROCESSES && this.spawn()],
      [3, () => this.load(process)],
      [4, () => (process.line = random.weighted(lines))],
      [3, () => this.pause(process)],
      [3, () => this.setClock(process)],
      [1, () => simulation.crash(process)],
      [1, () => this.close(process)],
    ])();
  }

  // --- processes

  private spawn(): void {
    const { random, modules } = this.simulation;
    const process = this.simulation.spawn(random.chance(60) ? modules : modules.filter(() => random.chance(50)));
    process.line = random.weighted(lines);
    if (this.schedules && random.chance(70)) this.schedules.begin(process);
    if (random.chance(70)) this.work(process);
    if (random.chance(50)) this.do(process, "recover()", recover);
  }

  private pause(process: VirtualProcess): void {
    const milliseconds = this.simulation.random.pick([10, 1000, 10_000, 30_000]);
    this.simulation.observer.say(process.name, `is paused for ${milliseconds}`);
    process.pause(milliseconds);
  }

  private setClock(process: VirtualProcess): void {
    if (this.simulation.observer.isExact) return;
    const { simulation } = this;
    const by = simulation.random.pick([-100_000, -2000, -1, 1, 2000, 100_000]);
    const isOfStore = !simulation.isRemote || simulation.random.chance(20);
    const set = simulation.isRemote ? [process] : simulation.processes;
    simulation.observer.say(isOfStore ? "" : process.name, `the clock is set by ${by}`);
    if (isOfStore) simulation.ahead += by;
    if (!simulation.isRemote || !isOfStore) for (const { clock } of set) clock.set(by);
  }

  private load(process: VirtualProcess): void {
    const module = this.simulation.random.pick(this.simulation.modules);
    this.simulation.observer.say(process.name, `loads ${module}`);
    process.load(module);
  }

  /** Like SIGTERM: the program closes what it has, and ends. */
  private close(process: VirtualProcess): void {
    process.isClosing = true;
    this.simulation.observer.counts.closes++;
    this.do(process, "close()", () =>
      process.runtime.close().finally(() => process.loop.at(this.simulation.time.now + 1, () => process.crash())),
    );
  }

  private work(process: VirtualProcess): void {
    const { random } = this.simulation;
    process.enter();
    this.simulation.observer.say(process.name, "worker()");
    const made = worker({ concurrency: random.pick([1, 3, 10]) });
    const others = (this.workers.get(process) ?? []).filter((each) => each !== made); // the same options give the same worker
    this.workers.set(process, [...others, made]);
  }

  private stopWorking(process: VirtualProcess): void {
    const made = this.workers.get(process)?.pop();
    if (made) this.do(process, "worker.stop()", () => made.stop());
  }

  // --- runs

  private start(process: VirtualProcess, { id, shape, args, options }: Plan): void {
    if (!process.loaded.has(shape.module)) return;
    const ifFailed = this.simulation.random.chance(20) ? "retry" : "attach";
    if (ifFailed === "retry") this.count(this.simulation.observer.retries, id);
    const workflow = shape.workflow as (...given: unknown[]) => Promise<unknown>;
    this.do(
      process,
      `start(${workflow.name}, ${id})`,
      () => start(workflow, [id, ...args], { ifFailed, ...options }),
      () => void this.started.add(id),
    );
  }

  private flowActions(process: VirtualProcess): [number, () => void][] {
    if (!process.loaded.has("queues")) return [];
    return [
      [12, () => this.startShared(process)],
      [4, () => this.startSome(process)],
    ];
  }

  /** A start that may join the run of another one. Its argument is one of its own. */
  private startShared(process: VirtualProcess): void {
    const { random, observer, flow } = this.simulation;
    const { shape, options } = sharedStart(random);
    const item = ++this.payloads;
    const workflow = shape.workflow as (item: number) => Promise<unknown>;
    this.do(
      process,
      `start(${workflow.name}, ${item})`,
      () => start(workflow, [item], options as StartOptions & { readonly batch?: never }),
      (run) => {
        const { id } = run as Run<unknown>;
        observer.say(process.name, `${item} is in ${id}`);
        this.started.add(id);
        if (shape === gathering.batched) flow.starts.items.set(item, id);
      },
    );
  }

  /** Several runs, which workers begin. */
  private startSome(process: VirtualProcess): void {
    const { random } = this.simulation;
    const { workflow } = random.pick(["inLine", "pacedRun", "tasksInLine"].map((name) => shapes[name] as Shape));
    const ids = [1, 2, 3, 4].slice(0, random.between(2, 4)).map((each) => `${workflow.name}-${each}`);
    this.do(
      process,
      `startMany(${ids.join(", ")})`,
      () =>
        startMany(
          workflow as (id: string) => Promise<unknown>,
          ids.map((id): [string] => [id]),
          conditions(random),
        ),
      (runs) => (runs as Run<unknown>[]).forEach(({ id }) => this.started.add(id)),
    );
  }

  private streamActions(process: VirtualProcess, { id }: Plan): [number, () => void][] {
    return [
      [14, () => this.readers?.open(id)],
      [2, () => this.restart(process, id)],
    ];
  }

  private deliver(process: VirtualProcess, { id, shape }: Plan): void {
    const { random } = this.simulation;
    if (shape === shapes["grandparent"]) return this.send(process, `${id}/w`, "go");
    if (this.schedules && random.chance(60)) {
      const run = this.someRun({ id });
      if (run.includes("@")) return this.send(process, run, "go");
    }
    if (shape.signals.length > 0) this.send(process, id, random.pick(shape.signals));
  }

  private send(process: VirtualProcess, run: string, name: string): void {
    const payload = ++this.payloads;
    this.do(process, `complete(${run}, ${name}, ${payload})`, () => complete(run, name, payload));
  }

  private cancel(process: VirtualProcess, id: string): void {
    const { observer } = this.simulation;
    observer.cancelAsked.add(id);
    this.do(
      process,
      `cancel(${id})`,
      async () => (await getRun(id)).cancel("enough"),
      (answer) => {
        if (answer === true) observer.willCancel(id);
      },
    );
  }

  private retry(process: VirtualProcess, id: string): void {
    this.count(this.simulation.observer.retries, id);
    this.do(process, `retry(${id})`, async () => (await getRun(id)).retry({ force: true }));
  }

  private restart(process: VirtualProcess, id: string): void {
    this.count(this.simulation.observer.retries, id);
    this.do(process, `restart(${id})`, async () => (await getRun(id)).restart());
  }

  private follow(process: VirtualProcess, run: string): void {
    const caller: Caller = { process, run };
    const result = async (): Promise<unknown> => (await getRun(run)).result();
    this.do(process, `result(${run})`, async () => {
      this.callers.push(caller);
      return result().then(
        (value) => (caller.result = { value }),
        (error: unknown) => (caller.result = { error }),
      );
    });
  }

  /** A planned run, or one that it began. */
  private someRun({ id }: Pick<Plan, "id">): string {
    const { random, store } = this.simulation;
    const all = store.listRuns({ limit: 100 }) as { id: string }[];
    return all.length > 0 && random.chance(50) ? random.pick(all).id : id;
  }

  private count(counts: Map<string, number>, id: string): void {
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }

  private do(
    process: VirtualProcess,
    what: string,
    call: () => Promise<unknown>,
    then: (answer: unknown) => void = () => {},
  ): void {
    const { observer } = this.simulation;
    process.enter();
    observer.say(process.name, what);
    call().then(
      (answer) => {
        if (process.isGone) return;
        observer.say(process.name, `${what} → ${typeof answer === "boolean" ? answer : ""}`);
        then(answer);
      },
      (error: unknown) => {
        observer.say(process.name, `${what} → ${String(error)}`);
        if (!isExpected(error)) observer.problem(`${what} was refused: ${String(error)}`);
      },
    );
  }

  // --- after the last fault

  heal(): void {
    this.soon(() => this.keepWorking());
    this.soon(() => this.answerAll());
    if (!this.schedules) return;
    const { outside, time, random } = this.simulation;
    outside.at(time.now + random.pick([1000, 20_000, 20_000, 90_000]), () => this.silence());
  }

  private silence(): void {
    const { outside, time, alive } = this.simulation;
    const process = alive.find(({ isClosing, loaded }) => !isClosing && loaded.has("ticking"));
    if (process) this.schedules?.silence(process);
    outside.at(time.now + 3000, () => this.silence());
  }

  /** One process always has all modules and a worker: the next one, when a run kills it. */
  private keepWorking(): void {
    const { simulation } = this;
    const { outside, time, alive } = simulation;
    if (!alive.some((process) => this.isHealthy(process))) this.work(simulation.spawn());
    outside.at(time.now + 500, () => this.keepWorking());
  }

  /** Processes that can execute every run, and since when nothing disturbs them. */
  healthy(): { readonly process: VirtualProcess; readonly since: number }[] {
    return this.simulation.alive
      .filter((process) => this.isHealthy(process))
      .map((process) => ({
        process,
        since: Math.max(this.simulation.healedAt, process.bornAt, process.loop.pausedUntil),
      }));
  }

  /** Whether it can execute every run. */
  private isHealthy(process: VirtualProcess): boolean {
    return (
      !process.isClosing &&
      process.loaded.size === this.simulation.modules.length &&
      (this.workers.get(process)?.length ?? 0) > 0
    );
  }

  /** Every open wait without a limit is answered. */
  private answerAll(): void {
    const { outside, time, truth } = this.simulation;
    const [process] = this.simulation.alive.filter(({ isClosing }) => !isClosing);
    const runs = truth.store.listRuns({ status: ["running", "waiting", "pending"], limit: 100 }) as { id: string }[];
    for (const { id } of process ? runs : []) {
      const wait = truth.steps(id).find((step) => step.kind === "signal" && step.state === "open");
      const isAnswered = truth.signals(id).some(({ name }) => name === wait?.target);
      if (wait?.target !== undefined && wait.dueAt === undefined && !isAnswered && process)
        this.send(process, id, wait.target);
    }
    outside.at(time.now + 3000, () => this.answerAll());
  }
}
