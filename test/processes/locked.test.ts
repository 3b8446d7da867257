/** Another program keeps the write lock of the SQLite file for 30 seconds, as a backup or a database browser may do. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { testConcurrently } from "./concurrently.ts";
import { buildProgram, run } from "../programs.ts";
import { effectModule, Place } from "./effects.ts";
import { isolated } from "./unshare.ts";

const source = `
  import { setTimeout } from "node:timers/promises";
  import { existsSync } from "node:fs";
  import Database from "better-sqlite3";
  import { close, configure, getRun, sleep, start, worker } from "perdure";
  import { effect } from "./effect.ts";
  const role = process.env.ROLE!;
  configure({ lease: "5s", pollInterval: "100ms", logger: { debug() {}, info() {}, warn: console.log, error: console.log } });
  async function work(i: number) {
    "use task: retries=0";
    effect();
    if (i === 8) console.log("waits for the lock");
    while (i === 8 && !existsSync(process.env.GO!)) await setTimeout(10);
    await setTimeout(100);
    return i;
  }
  export async function job(n: number) {
    "use workflow: id=job-{n}";
    let sum = 0;
    for (let i = 0; i < 20; i++) {
      sum += await work(i);
      if (i % 5 === n) await sleep("50ms");
    }
    return sum;
  }
  if (role === "lock") {
    const db = new Database(process.env.PERDURE_STORE!.slice("sqlite:".length));
    db.exec("BEGIN IMMEDIATE");
    console.log("locked");
    await setTimeout(Number(process.env.HOLD));
    db.exec("COMMIT");
    console.log("unlocked");
  }
  if (role === "owner") {
    const runs = await Promise.all([0, 1, 2].map((n) => start(job, [n])));
    for (const each of runs) while ((await each.status()) !== "completed") await setTimeout(100);
    for (const each of runs) console.log("sum", await each.result());
  }
  if (role === "beside") {
    worker();
    console.log("works");
    for (const n of [0, 1, 2]) {
      const id = "job-" + n;
      while ((await getRun(id).then((each) => each.status(), () => "none")) !== "completed") await setTimeout(100);
      console.log("sum", await (await getRun(id)).result());
    }
  }
  await close();
`;

const RUNS = ["job-0", "job-1", "job-2"];

/** Locks the file for a time while an owner executes three runs and a worker has nothing to do. Resolves when the runs have ended. */
async function lockDuringRuns(milliseconds: number, runBeside: typeof run): Promise<Place> {
  const place = new Place();
  const file = await buildProgram(source, "program", effectModule);
  const go = join(place.directory, "go");
  const env = (role: string): Record<string, string> => ({ ...place.env(role), GO: go });
  const owner = run(file, env("owner"));
  const beside = runBeside(file, env("beside"));
  const wait = (output: string): boolean => output.match(/waits for the lock/g)?.length === RUNS.length;
  await Promise.all([owner.printed(wait), beside.printed("works")]);
  const lock = run(file, { ...env("lock"), HOLD: `${milliseconds}` });
  await lock.printed("locked");
  const recorded = await place.runs();
  writeFileSync(go, "");
  await lock.exits(0);
  for (const program of [owner, beside]) {
    const output = await program.exits(0);
    expect(output.match(/sum 190/g)).toHaveLength(RUNS.length);
    expect(output.match(/STORE_BUSY/g)?.length ?? 0).toBeLessThan(milliseconds / 1_000);
  }
  const effects = place.effects();
  expect(effects.filter(({ again }) => again)).toEqual([]);
  for (const { id, steps } of recorded) {
    const tasks = steps.filter(({ kind }) => kind === "task");
    const counts = Array.from(
      { length: 20 },
      (_, i) => effects.filter(({ run, step }) => run === id && step === `for[${i}]/work[0]`).length,
    );
    expect(counts.slice(0, tasks.length)).toEqual(tasks.map(() => 1));
    expect(counts[tasks.length]).toBeLessThanOrEqual(2); // it had no checkpoint yet
    expect(counts.slice(tasks.length + 1)).toEqual(counts.slice(tasks.length + 1).map(() => 1));
  }
  expect((await place.runs()).map(({ id, status }) => [id, status])).toEqual(RUNS.map((id) => [id, "completed"]));
  return place;
}

testConcurrently(
  "G51 a lock of 30 seconds stops runs without loss, they continue after it, and a worker beside their owner takes none of them",
  {},
  async () => {
    const place = await lockDuringRuns(30_000, run);
    expect(place.effects().filter(({ by }) => by !== "owner")).toEqual([]);
  },
);

testConcurrently(
  "G51 a lock that is longer than the lease of an owner which a worker cannot see repeats no step that has a checkpoint",
  {},
  async (context) => {
    await lockDuringRuns(12_000, isolated("another host name", context));
  },
);
