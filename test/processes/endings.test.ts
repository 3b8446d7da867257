/** Processes that are killed, paused, and asked to end. */
import type { ChildProcess } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { testConcurrently } from "./concurrently.ts";
import { buildProgram, run } from "../programs.ts";
import type { RunRow } from "../../packages/store/src/index.ts";
import { Choices } from "../random-programs/choices.ts";
import type { RunningProgram } from "../running-program.ts";
import { effectModule, Place } from "./effects.ts";

/** PERDURE_SEED=7 repeats a schedule, as far as the system lets several processes repeat anything. */
const seed = Number(process.env["PERDURE_SEED"] ?? 1 + (Date.now() % 1_000_000));
/** Milliseconds of unrest; PERDURE_UNREST=600000 for a long test. */
const UNREST = Number(process.env["PERDURE_UNREST"] ?? 20_000);
const JOBS = 40;
const RESULT = "0,1,2,11,first,24,11,second";

/** Each job has 10 tasks of its own, one of which fails once, waits for a time and for two signals, and calls two children with 2 tasks each. */
const source = `
  import { setTimeout } from "node:timers/promises";
  import { close, complete, configure, recover, signal, sleep, start, taskContext, worker } from "perdure";
  import { effect } from "./effect.ts";
  const role = process.env.ROLE!;
  configure({ lease: "2s", pollInterval: "100ms", suspendAfter: "300ms" });
  async function step(i: number) {
    "use task: retries=2, backoff=constant(50ms)";
    effect();
    await setTimeout(10 + ((i * 37) % 90) * 4);
    if (i === 1 && taskContext().attempt === 1) throw new Error("flaky");
    return i;
  }
  export async function part(n: number, i: number) {
    "use workflow: id=part-{n}-{i}";
    await step(10);
    await sleep("150ms");
    return step(11);
  }
  export async function job(n: number) {
    "use workflow: id=job-{n}";
    const results: unknown[] = [await step(0)];
    await sleep("100ms");
    results.push(...(await Promise.all([step(1), step(2), part(n, 0)])));
    results.push(await signal<string>("go"));
    let last = 0;
    for (let i = 20; i < 25; i++) last = await step(i);
    results.push(last, await part(n, 1), await signal<string>("go"));
    await step(3);
    return results.join();
  }
  process.once("SIGTERM", () => void close().then(() => process.exit(0)));
  if (role === "sender") {
    for (const payload of ["first", "second"])
      for (let n = 0; n < ${JOBS}; n++) {
        // false: the store failed
        while (!(await complete("job-" + n, "go", payload).then(() => true, () => false))) await setTimeout(50);
        await setTimeout(${(0.9 * UNREST) / (2 * JOBS)});
      }
    console.log("sent all");
    await close();
  } else {
    if (role === "starter") for (let n = 0; n < ${JOBS}; n++) await start(job, [n]);
    if (role === "recoverer") await recover();
    else worker({ concurrency: role === "narrow" ? 3 : 10 });
    setInterval(() => {}, 1_000);
  }
`;

/** One of the four processes. Another one takes its place when it has ended. */
class Member {
  readonly programs: RunningProgram[] = [];
  private isStopped = false;
  private readonly begin: () => RunningProgram;

  constructor(begin: () => RunningProgram) {
    this.begin = begin;
  }

  private get living(): ChildProcess | undefined {
    const child = this.programs.at(-1)?.process;
    return child?.exitCode === null && child.signalCode === null ? child : undefined;
  }

  get stopped(): boolean {
    return this.living !== undefined && this.isStopped;
  }

  ensure(): void {
    if (this.living) return;
    this.isStopped = false;
    this.programs.push(this.begin());
  }

  send(signal: NodeJS.Signals): void {
    this.living?.kill(signal);
    if (signal === "SIGSTOP" || signal === "SIGCONT") this.isStopped = signal === "SIGSTOP";
  }
}

const count = <T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of items.map(keyOf)) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};

/** Sends signals at random times, and replaces the processes that have ended. Returns how often each signal was sent. */
async function unrest(crew: readonly Member[], choices: Choices): Promise<Record<string, number>> {
  const sent: string[] = [];
  const end = Date.now() + UNREST;
  while (Date.now() < end) {
    await setTimeout(choices.between(50, 400));
    const member = crew[choices.below(crew.length)];
    const kind = choices.below(100);
    const wish = kind < 35 ? "SIGKILL" : kind < 45 ? "SIGTERM" : kind < 70 ? "SIGSTOP" : "SIGCONT";
    const signal = member?.stopped === true && wish === "SIGSTOP" ? "SIGCONT" : wish;
    member?.send(signal);
    sent.push(signal);
    if (choices.chance(60)) for (const each of crew) each.ensure();
  }
  for (const each of crew) each.send("SIGCONT");
  return count(sent, (signal) => signal);
}

const hasEnded = ({ status }: RunRow): boolean => status === "completed" || status === "failed";

/** The runs, when all have ended. */
async function untilEnded(place: Place, crew: readonly Member[]): ReturnType<Place["runs"]> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const runs = await place.runs();
    const missing = runs.filter((row) => !hasEnded(row));
    if (missing.length === 0) return runs;
    if (Date.now() > deadline) throw new Error(`these runs have not ended:\n${JSON.stringify(missing, undefined, 1)}`);
    for (const each of crew) each.ensure();
    await setTimeout(500);
  }
}

testConcurrently(
  "G2 G3 G20 G23 G24 of 40 runs on four processes that are killed, paused and ended at random, each ends, and no task runs again after its checkpoint",
  { timeout: UNREST + 150_000 },
  async () => {
    console.log(`PERDURE_SEED=${seed}`);
    const place = new Place();
    const file = await buildProgram(source, "program", effectModule);
    const crew = ["starter", "worker", "recoverer", "narrow"].map(
      (role) => new Member(() => run(file, place.env(role))),
    );
    for (const each of crew) each.ensure();
    const sender = run(file, place.env("sender"));
    const signals = await unrest(crew, new Choices([], seed));
    await sender.exits(0);
    const runs = await untilEnded(place, crew);
    for (const each of crew) each.send("SIGTERM");
    const programs = crew.flatMap((each) => each.programs);
    const ends = await Promise.all(programs.map(({ ended }) => ended));
    const effects = place.effects();
    const logged = programs.flatMap(({ output }) => output.match(/^perdure .*(?:\n\s+.*)*/gm) ?? []);
    const tasks = runs.flatMap(({ id, steps }) =>
      steps.filter(({ kind }) => kind === "task").map((step) => ({ id, step })),
    );
    console.log({
      signals,
      ends: count(ends, String),
      runs: count(runs, ({ status }) => status),
      logged: count(logged, (message) => /\([A-Z_]+\)|next one|was lost/.exec(message)?.[0] ?? message),
      tasks: tasks.length,
      attempts: effects.length,
      repeatedAfterAnEnd:
        effects.length - new Set(effects.map(({ run, step, attempt }) => `${run} ${step} ${attempt}`)).size,
    });

    expect(effects.filter(({ again }) => again)).toEqual([]);
    for (const { id, step } of tasks) {
      const attempts = effects
        .filter((effect) => effect.run === id && effect.step === step.id)
        .map(({ attempt }) => attempt);
      expect(attempts).toContain(step.attempt);
    }
    for (const { steps } of runs) {
      const order = steps.flatMap(({ seq }) => seq ?? []);
      expect(order).toEqual(order.map((_, index) => index + 1));
    }
    for (const { id, status, output } of runs) {
      // a task whose process was killed in all its attempts
      if (status === "failed") expect(output).toContain("ProcessDiedError");
      else expect(output).toContain(id.startsWith("job") ? JSON.stringify(RESULT) : "11");
    }
    expect(runs.filter(({ status }) => status === "completed").length).toBeGreaterThan(2 * JOBS);
    // SIGTERM ends a process that has not loaded its modules yet
    expect(
      programs.filter((_, index) => ![0, "SIGKILL", "SIGTERM"].includes(ends[index] ?? "")).map(({ output }) => output),
    ).toEqual([]);
    const usual = /\(STORE_|failed, the next one is at|was lost to another process|ProcessDiedError/;
    expect(logged.filter((message) => !usual.test(message))).toEqual([]);
  },
);

testConcurrently(
  "G3 close() at SIGTERM lets a running task finish, waits ten seconds for one that does not, and gives every run back",
  {},
  async () => {
    const place = new Place();
    const file = await buildProgram(
      `
    import { setTimeout } from "node:timers/promises";
    import { close, configure, getRun, recover, signal, sleep, start, worker, complete } from "perdure";
    import { effect } from "./effect.ts";
    configure({ lease: "1h", pollInterval: "50ms" });
    async function work(milliseconds: number) {
      "use task: retries=0";
      effect();
      console.log("works", milliseconds);
      await setTimeout(process.env.ROLE === "last" ? 0 : milliseconds);
      return milliseconds;
    }
    export async function job(milliseconds: number) {
      "use workflow: id=job-{milliseconds}";
      return [await work(milliseconds), await work(0)].join();
    }
    export async function sleeps() {
      "use workflow: id=sleeps";
      await sleep("3s");
      return work(1);
    }
    export async function waits() {
      "use workflow: id=waits";
      return [await signal("go"), await work(2)].join();
    }
    if (process.env.ROLE === "starter") {
      await Promise.all([start(job, [1_000]), start(job, [600_000]), start(sleeps, []), start(waits, [])]);
      console.log("all begun");
    } else if (process.env.ROLE === "worker") {
      worker();
      process.once("SIGTERM", () => void close().then(() => console.log("closed")));
    } else {
      await complete("waits", "go", "gone");
      await recover();
      for (const id of ["job-1000", "job-600000", "sleeps", "waits"]) console.log(id, await (await getRun(id)).result());
      await close();
    }
  `,
      "program",
      effectModule,
    );
    const starter = run(file, place.env("starter"));
    await starter.printed("all begun");
    starter.process.kill("SIGKILL");
    await starter.ended;
    const first = run(file, place.env("worker"));
    await first.printed((output) => ["works 1000", "works 600000"].every((text) => output.includes(text)));
    const asked = Date.now();
    first.process.kill("SIGTERM");
    await first.printed("closed");
    const seconds = (Date.now() - asked) / 1_000;
    expect(seconds).toBeGreaterThan(9);
    expect(seconds).toBeLessThan(17);
    first.process.kill("SIGKILL");
    await first.ended;
    const rows = await place.runs();
    expect(rows.filter(({ owner }) => owner !== undefined)).toEqual([]);
    expect(rows[0]).toMatchObject({ id: "job-1000", steps: [{ id: "work[0]", state: "completed" }] });
    const printed = (await run(file, place.env("last")).exits(0)).split("\n");
    expect(printed.filter((line) => line !== "" && !line.startsWith("works"))).toEqual([
      "job-1000 1000,0",
      "job-600000 600000,0",
      "sleeps 1",
      "waits gone,2",
    ]);
    const effects = place.effects().filter(({ by }) => by !== "starter");
    expect(effects.filter(({ again }) => again)).toEqual([]);
    expect(effects.map(({ run: id, step, by }) => `${id} ${step} ${by}`).sort()).toEqual([
      "job-1000 work[0] worker",
      "job-1000 work[1] last",
      "job-600000 work[0] last",
      "job-600000 work[0] worker",
      "job-600000 work[1] last",
      "sleeps work[0] last",
      "waits work[0] last",
    ]);
  },
);
