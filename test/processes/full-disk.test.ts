/** A disk of 2 MB that is full. */
import { expect, type TestContext } from "vitest";
import { testConcurrently } from "./concurrently.ts";
import { buildProgram } from "../programs.ts";
import type { RunningProgram } from "../running-program.ts";
import { effectModule, Place } from "./effects.ts";
import { isolated } from "./unshare.ts";

/** A disk that the program can fill, a logger that counts its lines, and the time that the process has kept the processor busy. */
const beside = {
  ...effectModule,
  "disk.ts": `
    import { closeSync, openSync, rmSync, writeSync } from "node:fs";
    import { configure } from "perdure";
    const filler = process.env.DISK + "/filler";
    let wasFull = false;
    function written(file: number, size: number): number {
      try {
        return writeSync(file, Buffer.alloc(size));
      } catch {
        return 0;
      }
    }
    /** Fills it once. */
    export function fillDisk(): void {
      if (wasFull) return;
      wasFull = true;
      const file = openSync(filler, "w");
      for (const size of [65_536, 4_096, 1]) while (written(file, size) === size);
      closeSync(file);
    }
    export const freeDisk = (): void => rmSync(filler);
    export const lines: string[] = [];
    const keep = (line: string): void => void lines.push(line);
    configure({ logger: { debug() {}, info() {}, warn: keep, error: keep } });
    export function busySeconds(): number {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    }
    export const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
  `,
};

const imports = `
  import { setTimeout } from "node:timers/promises";
  import { close, configure, getRun, recover, sleep, sqliteStore, start, worker } from "perdure";
  import { checkpoints, effect } from "./effect.ts";
  import { busySeconds, codeOf, fillDisk, freeDisk, lines } from "./disk.ts";
`;

interface OnDisk {
  readonly place: Place;
  readonly begin: (role: string) => RunningProgram;
}

/** A program whose store is on a disk of its own. */
async function onDisk(source: string, context: TestContext): Promise<OnDisk> {
  const run = isolated("a mounted disk", context);
  const place = new Place();
  const file = await buildProgram(imports + source, "program", beside);
  return { place, begin: (role) => run(file, place.env(role)) };
}

interface Report {
  /** Lines that were logged while the disk was full. */
  readonly lines: number;
  /** Seconds of processor time in these seconds. */
  readonly busy: number;
  /** How often all parts of the process tried to open the store, in the first second and in the last two. */
  readonly early: number;
  readonly late: number;
}

/** What the program has printed as JSON. */
const reported = (output: string): Report => JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? "") as Report;

testConcurrently(
  "G53 on a full disk a run stops with STORE_IO and nothing is recorded; a worker ends it when there is space",
  {},
  async (context) => {
    const { place, begin } = await onDisk(
      `
    async function step(i: number) {
      "use task: retries=0";
      effect();
      if (i === 3) fillDisk();
      return "r".repeat(20_000);
    }
    export async function job(steps: number) {
      "use workflow: id=job-{steps}";
      for (let i = 0; i < steps; i++) console.log("saw", i, (await step(i)).length);
      return "all";
    }
    worker();
    const run = await start(job, [6]);
    const stopped = await run.result().catch(codeOf);
    const started = await start(job, [2]).then(() => "recorded", codeOf);
    const before = busySeconds();
    await setTimeout(4_000);
    const busy = busySeconds() - before;
    const recorded = checkpoints("job-6").length;
    console.log(JSON.stringify({ stopped, started, recorded, busy, lines: lines.length, status: await run.status() }));
    freeDisk();
    while ((await run.status()) !== "completed") await setTimeout(50);
    console.log("result", await run.result(), await getRun("job-2").catch(codeOf));
    await close();
  `,
      context,
    );
    const output = await begin("only").exits(0);
    const report = reported(output);
    expect(report).toMatchObject({ stopped: "STORE_IO", started: "STORE_IO", recorded: 3, status: "running" });
    expect(report.lines).toBeLessThan(20);
    expect(report.busy).toBeLessThan(1);
    expect(output.slice(0, output.indexOf("{"))).not.toContain("saw 3");
    expect(output).toContain("result all RUN_NOT_FOUND");
    const steps = place.effects().map(({ step }) => step);
    expect(steps).toEqual([0, 1, 2, 3, 3, 4, 5].map((i) => `for[${i}]/step[0]`));
  },
);

testConcurrently(
  "R12 a task whose result does not fit on the disk is executed a few times and fails, and other runs continue",
  {},
  async (context) => {
    const { place, begin } = await onDisk(
      `
    async function render(size: number) {
      "use task: retries=0";
      effect();
      return "r".repeat(size);
    }
    export async function invoice(size: number) {
      "use workflow: id=invoice-{size}";
      await sleep("200ms");
      return (await render(size)).length;
    }
    worker();
    const run = await start(invoice, [5_000_000]);
    const others = await Promise.all([1, 2, 3].map((size) => start(invoice, [size])));
    const stopped = await run.result().catch(codeOf);
    const before = busySeconds();
    await setTimeout(5_000);
    const small = await Promise.all(others.map((other) => other.result()));
    const busy = busySeconds() - before;
    console.log(JSON.stringify({ stopped, busy, small, lines: lines.length, status: await run.status() }));
    await close();
  `,
      context,
    );
    const report = reported(await begin("only").exits(0));
    expect(report).toMatchObject({ stopped: "STORE_IO", small: [1, 2, 3], status: "failed" });
    expect(report.lines).toBeLessThan(20);
    expect(report.busy).toBeLessThan(1);
    expect(place.effects().filter(({ run }) => run === "invoice-5000000").length).toBeLessThanOrEqual(4);
  },
);

testConcurrently(
  "R12 a worker whose disk is so full that the store cannot be opened says so once, asks less and less often, and continues when there is space",
  {},
  async (context) => {
    const { begin } = await onDisk(
      `
    async function step() {
      "use task: retries=0";
      console.log("executed");
      return 1;
    }
    export async function job() {
      "use workflow: id=job";
      await sleep("100ms");
      return step();
    }
    await start(job, []);
    await close();
    fillDisk();
    const opened: number[] = [];
    const file = sqliteStore(process.env.PERDURE_STORE!.replace("sqlite:", ""));
    configure({ store: { ...file, open: (...given) => (opened.push(performance.now()), file.open(...given)) } });
    const before = busySeconds();
    worker();
    const recovered = await recover().catch(codeOf);
    await setTimeout(4_000);
    const [first, last] = [opened[0]! + 1_000, performance.now() - 2_000];
    const early = opened.filter((time) => time < first).length;
    const late = opened.filter((time) => time > last).length;
    console.log(JSON.stringify({ recovered, early, late, busy: busySeconds() - before }));
    freeDisk();
    const run = await getRun("job");
    while ((await run.status()) !== "completed") await setTimeout(50);
    await close();
  `,
      context,
    );
    const output = await begin("only").exits(0);
    const report = reported(output);
    expect(report).toMatchObject({ recovered: "STORE_IO" });
    const [before = "", after = ""] = output.split("{");
    expect(before.match(/the store cannot be opened: /g)).toHaveLength(1);
    expect(after).not.toContain("cannot be opened");
    expect(after.match(/the store \S+ can be opened again/g)).toHaveLength(1);
    expect(report.early).toBeGreaterThan(3);
    expect(report.early).toBeLessThan(15);
    expect(report.late).toBeLessThan(report.early / 2);
    expect(report.busy).toBeLessThan(1);
    expect(output.match(/executed/g)).toHaveLength(1);
  },
);
