/** R5: owners of whom nobody can tell whether they live: in another namespace, in a thread. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { testConcurrently } from "./concurrently.ts";
import { buildProgram, run } from "../programs.ts";
import type { RunningProgram } from "../running-program.ts";
import { effectModule, Place } from "./effects.ts";
import { isolated, pidInside } from "./unshare.ts";

const LEASE = 4_000;

/** A run with three tasks. In the owner, the last one does not end before the file $GO exists. */
const source = `
  import { existsSync } from "node:fs";
  import { setTimeout } from "node:timers/promises";
  import { close, configure, getRun, recover, start, worker } from "perdure";
  import { effect } from "./effect.ts";
  configure({ lease: ${LEASE}, pollInterval: "100ms" });
  const role = process.env.ROLE!;
  async function work(i: number) {
    "use task: retries=0";
    effect();
    if (role === "owner" && i === 2) {
      console.log("in the last task");
      while (!existsSync(process.env.GO!)) await setTimeout(20);
    }
    return role;
  }
  export async function job() {
    "use workflow: id=job";
    return [await work(0), await work(1), await work(2)].join();
  }
  if (role === "owner") console.log("result", await (await start(job, [])).result());
  if (role === "recover") {
    const [run] = await recover();
    console.log("follows", run?.id);
    console.log("result", await run?.result());
  }
  if (role === "worker") {
    worker();
    console.log("works");
    const run = await getRun("job");
    while ((await run.status()) !== "completed") await setTimeout(50);
    console.log("result", await run.result());
  }
  await close();
`;

interface Pair {
  readonly place: Place;
  readonly owner: RunningProgram;
  readonly successor: RunningProgram;
}

/** An owner that `elsewhere` starts, in the middle of its run, and another process that would continue the run. */
async function begin(file: string, elsewhere: typeof run, role: "recover" | "worker"): Promise<Pair> {
  const place = new Place();
  const go = { GO: join(place.directory, "go") };
  const owner = elsewhere(file, { ...place.env("owner"), ...go });
  await owner.printed("in the last task");
  const successor = run(file, { ...place.env(role), ...go });
  await successor.printed(role === "worker" ? "works" : "follows job");
  return { place, owner, successor };
}

const taken = ({ place }: Pair): string[] => place.effects().map(({ step, by }) => `${step} ${by}`);

for (const kind of ["another pid namespace", "another host name"] as const)
  testConcurrently(
    `G38 a living owner with ${kind} keeps its run beside recover() and a worker; a killed one is replaced when its lease has run out, and no finished task runs again`,
    {},
    async (context) => {
      const elsewhere = isolated(kind, context);
      const file = await buildProgram(source, "program", effectModule);
      const roles = ["recover", "worker"] as const;
      const pairs = await Promise.all(roles.map((role) => begin(file, elsewhere, role)));
      await setTimeout(1.5 * LEASE);
      const rows = await Promise.all(pairs.map(async ({ place }) => (await place.runs())[0]));
      expect(rows).toMatchObject([{ epoch: 1 }, { epoch: 1 }]);
      for (const pair of pairs) expect(taken(pair)).toEqual(["work[0] owner", "work[1] owner", "work[2] owner"]);
      for (const { owner } of pairs) owner.process.kill("SIGKILL");
      for (const [index, role] of roles.entries()) {
        const pair = pairs[index]!;
        expect(await pair.successor.exits(0)).toContain(`result owner,owner,${role}`);
        expect(taken(pair)).toEqual(["work[0] owner", "work[1] owner", "work[2] owner", `work[2] ${role}`]);
        expect(pair.place.effects().at(-1)?.at).toBeGreaterThan(rows[index]?.leaseUntil ?? Infinity);
        expect(pair.place.effects().filter(({ again }) => again)).toEqual([]);
      }
    },
  );

testConcurrently(
  "G35 an owner in another pid namespace that was stopped past its lease can write nothing when it continues",
  {},
  async (context) => {
    const elsewhere = isolated("another pid namespace", context);
    const pair = await begin(await buildProgram(source, "program", effectModule), elsewhere, "worker");
    process.kill(pidInside(pair.owner), "SIGSTOP");
    expect(await pair.successor.exits(0)).toContain("result owner,owner,worker");
    writeFileSync(join(pair.place.directory, "go"), "");
    process.kill(pidInside(pair.owner), "SIGCONT");
    expect(await pair.owner.exits(0)).toContain("result owner,owner,worker");
    expect(taken(pair)).toEqual(["work[0] owner", "work[1] owner", "work[2] owner", "work[2] worker"]);
  },
);

testConcurrently(
  "G38 a thread keeps its run beside a worker in another process, and is replaced when it was terminated and its lease has run out",
  {},
  async () => {
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
    await setTimeout(1.5 * LEASE);
    expect(taken()).toEqual(["work[0] owner", "work[1] owner"]);
    owner.process.kill("SIGUSR2");
    await owner.printed("terminated");
    expect(await other.exits(0)).toContain("result 0,1,2");
    expect(taken()).toEqual(["work[0] owner", "work[1] owner", "work[1] other", "work[2] other"]);
  },
);
