/** Another program keeps the write lock of the SQLite file for 30 seconds, as a backup or a database browser may do. */
import { expect, test } from "vitest";
import { buildProgram, run } from "../programs.ts";
import { effectModule, Place } from "./effects.ts";

const source = `
  import { setTimeout } from "node:timers/promises";
  import Database from "better-sqlite3";
  import { close, configure, getRun, sleep, start, worker } from "perdure";
  import { checkpoints, effect } from "./effect.ts";
  const role = process.env.ROLE!;
  configure({ lease: "5s", pollInterval: "100ms", logger: { debug() {}, info() {}, warn: console.log, error: console.log } });
  async function work(i: number) {
    "use task: retries=0";
    effect();
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
    const db = new Database(process.env.PERDURE_STORE!.slice("sqlite:".length), { timeout: 60_000 });
    db.exec("BEGIN IMMEDIATE");
    console.log("locked");
    await setTimeout(Number(process.env.HOLD));
    db.exec("COMMIT");
    console.log("unlocked");
  }
  if (role === "owner") {
    const runs = await Promise.all([0, 1, 2].map((n) => start(job, [n])));
    while (checkpoints("job-0").length < 5) await setTimeout(10);
    console.log("in progress");
    for (const each of runs) while ((await each.status()) !== "completed") await setTimeout(100);
    for (const each of runs) console.log("sum", await each.result());
  }
  if (role === "beside") {
    worker();
    console.log("works");
    for (const n of [0, 1, 2]) {
      const each = await getRun("job-" + n);
      while ((await each.status()) !== "completed") await setTimeout(100);
      console.log("sum", await each.result());
    }
  }
  await close();
`;

test("G51 a lock of 30 seconds", async () => {
  const place = new Place();
  const file = await buildProgram(source, "program", effectModule);
  const owner = run(file, place.env("owner"));
  await owner.printed("in progress");
  const beside = run(file, place.env("beside"));
  await beside.printed("works");
  const lock = run(file, { ...place.env("lock"), HOLD: "30000" });
  await lock.printed("locked");
  const before = await place.runs();
  await lock.exits(0);
  const outputs = await Promise.all([owner.exits(0), beside.exits(0)]);
  console.log(outputs.join("\n-------\n"));
  const effects = place.effects();
  console.log(before.map(({ steps }) => steps.length), (await place.runs()).map(({ id, epoch, status, stalls }) => ({ id, epoch, status, stalls })));
  const times = new Map<string, number>();
  for (const { run, step, by } of effects) times.set(`${run} ${step} ${by}`, (times.get(`${run} ${step} ${by}`) ?? 0) + 1);
  console.log([...times].filter(([, n]) => n > 1), effects.filter((e) => e.again), effects.filter((e) => e.by === "beside").length);
});
