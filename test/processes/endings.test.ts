/** Processes that are asked to end, and threads that are terminated. */
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { buildProgram, run } from "../programs.ts";
import { effectModule, Place } from "./effects.ts";

const LEASE = 3_000;

test("G3 close() at SIGTERM lets a running task finish, waits ten seconds for one that does not, and gives every run back", async () => {
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
  expect(await run(file, place.env("last")).exits(0)).toContain(
    "job-1000 1000,0\njob-600000 600000,0\nsleeps 1\nwaits gone,2\n",
  );
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
});

test("G38 a thread keeps its run beside a worker in another process, and is replaced when it was terminated and its lease has run out", async () => {
  const place = new Place();
  const file = await buildProgram(
    `
    import { setTimeout } from "node:timers/promises";
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import { close, configure, getRun, start, worker } from "perdure";
    import { effect } from "./effect.ts";
    configure({ lease: ${LEASE}, pollInterval: "100ms" });
    async function work(i: number) {
      "use task: retries=0";
      effect();
      if (i === 1) parentPort?.postMessage("begun");
      if (i === 1 && !isMainThread) await setTimeout(600_000);
      return i;
    }
    export async function job() {
      "use workflow: id=job";
      return [await work(0), await work(1), await work(2)].join();
    }
    if (process.env.ROLE === "other") {
      worker();
      console.log("works");
      const run = await getRun("job");
      while ((await run.status()) !== "completed") await setTimeout(50);
      console.log("result", await run.result());
      await close();
    } else if (isMainThread) {
      const thread = new Worker(new URL(import.meta.url));
      await new Promise((resolve) => thread.once("message", resolve));
      console.log("begun");
      await new Promise((resolve) => process.once("SIGUSR2", resolve));
      await thread.terminate();
      console.log("terminated");
      setInterval(() => {}, 1_000);
    } else await (await start(job, [])).result();
  `,
    "program",
    effectModule,
  );
  const taken = (): string[] => place.effects().map(({ step, by }) => `${step} ${by}`);
  const owner = run(file, place.env("owner"));
  await owner.printed("begun");
  const other = run(file, place.env("other"));
  await other.printed("works");
  await setTimeout(2 * LEASE);
  expect(taken()).toEqual(["work[0] owner", "work[1] owner"]);
  owner.process.kill("SIGUSR2");
  await owner.printed("terminated");
  expect(await other.exits(0)).toContain("result 0,1,2");
  expect(taken()).toEqual(["work[0] owner", "work[1] owner", "work[1] other", "work[2] other"]);
});
