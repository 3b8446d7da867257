/**
 * Workers on several machines (by their host names) share a PostgreSQL database, while they are killed, stand still, and the server goes away. `PERDURE_FLEET_ROUNDS=50`
 * makes it that long, `PERDURE_FLEET_SEED` plays the faults of an earlier run again, and both print what was counted.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attemptModule, Fleet } from "../processes/attempts.ts";
import { buildProgram } from "../programs.ts";
import { Choices } from "../random-programs/choices.ts";
import type { RunningProgram } from "../running-program.ts";
import { startPostgres, type PostgresServer } from "./server.ts";

const { PERDURE_FLEET_ROUNDS, PERDURE_FLEET_SEED } = process.env;
const ROUNDS = Number(PERDURE_FLEET_ROUNDS ?? 6);
const SEED = Number(PERDURE_FLEET_SEED ?? (PERDURE_FLEET_ROUNDS === undefined ? 1 : Date.now() % 1e6));

/** Milliseconds. */
const LEASE = 1_500;
const PARTS = 4;
const PLACES = 5;
const HOSTS = ["alpha", "beta", "gamma"];
const RUNS_A_ROUND = 20;

const program = `
  import { setTimeout } from "node:timers/promises";
  import { close, configure, countRuns, sleep, startMany, worker } from "perdure";
  import { during } from "./attempt.ts";
  const { ROLE, FROM = "0", RUNS = "0" } = process.env;
  configure({ lease: ${LEASE}, pollInterval: 100, logLevel: "error" });
  async function part(item: number) {
    "use task: retries=5";
    return during(item, async () => {
      await setTimeout(5 + (item % 7) * 5);
      return item;
    });
  }
  export async function order(id: number) {
    "use workflow: id=order-{id}";
    let sum = 0;
    for (let place = 0; place < ${PARTS}; place++) {
      sum += await part(id * ${PARTS} + place);
      if (place === 1) await sleep(20);
    }
    return sum;
  }
  if (ROLE === "starter") {
    await startMany(order, Array.from({ length: Number(RUNS) }, (_, place): [number] => [Number(FROM) + place]));
    await close();
  } else if (ROLE === "reader") {
    console.log(JSON.stringify((await countRuns()).map(({ status, count }) => status + " " + count)));
    await close();
  } else {
    worker({ concurrency: ${PLACES}, signals: true });
    console.log("works");
  }
`;

let server: PostgresServer;
beforeAll(async () => {
  // what was acknowledged must not be lost with the server
  server = await startPostgres({ settings: { synchronous_commit: "on" } });
});
afterAll(() => server.remove());

test(
  "workers of a fleet are killed, stand still and lose their server, and every order is done, no finished step more often than was in flight",
  {
    timeout: 60_000 + ROUNDS * 30_000,
  },
  async () => {
    const file = await buildProgram(program, "fleet", attemptModule);
    const host = join(dirname(file), "host.mjs");
    writeFileSync(
      host,
      `import os from "node:os"; import { syncBuiltinESMExports } from "node:module"; os.hostname = () => process.env.HOST; syncBuiltinESMExports();`,
    );
    const fleet = new Fleet(file);
    const random = new Choices([], SEED);
    const begin = (role: string, place: number, env: Record<string, string> = {}): RunningProgram =>
      fleet.begin(role, {
        PERDURE_STORE: server.url,
        HOST: HOSTS[place] ?? "",
        NODE_OPTIONS: `--import ${pathToFileURL(host)}`,
        ...env,
      });
    const workers = HOSTS.map((_, place) => begin("worker", place));
    await Promise.all(workers.map((worker) => worker.printed("works")));

    /** Attempts that may have to be made again: those that were in flight when something failed. */
    let mayRepeat = 0;
    const faults: Record<string, (place: number) => Promise<void>> = {
      "is killed": async (place) => {
        mayRepeat += PLACES;
        await fleet.kill(workers[place]!);
        await setTimeout(random.below(LEASE));
        workers[place] = begin("worker", place);
      },
      "ends in order": async (place) => {
        await workers[place]!.stop();
        workers[place] = begin("worker", place);
      },
      "stands still": async (place) => {
        mayRepeat += PLACES;
        workers[place]!.process.kill("SIGSTOP");
        await setTimeout(LEASE + random.below(LEASE));
        workers[place]!.process.kill("SIGCONT");
      },
      "loses the server": async () => {
        mayRepeat += PLACES * HOSTS.length;
        await server.kill();
        await setTimeout(random.below(LEASE * 2));
        await server.start();
      },
    };

    const done: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const runs = RUNS_A_ROUND * (round + 1);
      await begin("starter", 0, { FROM: String(runs - RUNS_A_ROUND), RUNS: String(RUNS_A_ROUND) }).exits(0);
      await setTimeout(random.below(300));
      const fault = random.pick(Object.keys(faults));
      const place = random.below(HOSTS.length);
      done.push(`${HOSTS[place]} ${fault}`);
      await faults[fault]!(place);
      // after the fault, a lease has to end before others take what the worker had
      const patience = Date.now() + LEASE * 2 + 20_000;
      while (fleet.done() < runs * PARTS && Date.now() < patience) await setTimeout(50);
      expect(fleet.done(), `seed ${SEED}, after: ${done.join(", ")}\n${fleet.output}`).toBe(runs * PARTS);
    }

    const runs = RUNS_A_ROUND * ROUNDS;
    await expect
      .poll(async () => (await begin("reader", 0).exits(0)).trim(), { timeout: 20_000, interval: 200 })
      .toBe(JSON.stringify([`completed ${runs}`]));
    const repeated = fleet.attempts().length - runs * PARTS;
    if (PERDURE_FLEET_ROUNDS !== undefined)
      console.log({ seed: SEED, rounds: ROUNDS, runs, attempts: runs * PARTS, repeated, mayRepeat, faults: done });
    expect(repeated, `seed ${SEED}: ${done.join(", ")}`).toBeLessThanOrEqual(mayRepeat);
  },
);
