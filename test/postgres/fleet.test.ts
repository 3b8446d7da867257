/**
 * Workers on several machines (by their host names) share a PostgreSQL database, while everything that can fail between them fails. `PERDURE_FLEET_ROUNDS=500`
 * makes it that long, `PERDURE_FLEET_SEED` plays the faults of an earlier run again, and both print what was counted.
 */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Choices } from "../random-programs/choices.ts";
import {
  administer,
  disturbing,
  networkFaults,
  plan,
  serverFaults,
  workerFaults,
  type Planned,
} from "./fleet/faults.ts";
import { foreignRuns, migrateTo, strangers } from "./fleet/neighbours.ts";
import { Machines, patience, PLACES, type Machine } from "./fleet/machines.ts";
import { judge, type Disturbance } from "./fleet/oracle.ts";
import { startPostgres, type PostgresServer } from "./server.ts";

const { PERDURE_FLEET_ROUNDS, PERDURE_FLEET_SEED } = process.env;
const ROUNDS = Number(PERDURE_FLEET_ROUNDS ?? 50);
const SEED = Number(PERDURE_FLEET_SEED ?? (PERDURE_FLEET_ROUNDS === undefined ? 1 : Date.now() % 1e6));

/** Orders come while the faults last. */
const WAVES = 4;
const ORDERS_A_WAVE = 8;
const BETWEEN_WAVES = 300;
const ORDERS_A_ROUND = WAVES * ORDERS_A_WAVE;
/** How many results are awaited for these: each at the reader, every fourth at the front end as well. */
const RESULTS_A_ROUND = ORDERS_A_ROUND * 1.25;
/** Milliseconds after which nobody waits any more. */
const LONGEST = 60_000;

let server: PostgresServer;
beforeAll(async () => {
  // the store makes sure itself that what was acknowledged is not lost with the server
  server = await startPostgres({ settings: { synchronous_commit: "off", max_connections: "200" } });
});
afterAll(() => server.remove());

test(
  "a fleet under faults does each order, no finished step again, loses nothing that was acknowledged, and continues within a lease after the last fault",
  { timeout: 120_000 + ROUNDS * 30_000 },
  async () => {
    console.log(`fleet: seed ${SEED}, ${ROUNDS} rounds`);
    const random = new Choices([], SEED);
    await migrateTo("ours", server.url);
    await administer(server, foreignRuns);
    const machines = await Machines.of(server);
    const { journal } = machines;
    const disturbances: Disturbance[] = [];
    const disturb = disturbing(disturbances);
    const played: string[] = [];
    const counts = new Map<string, number>();
    const late: string[] = [];
    const recoveries: number[] = [];

    const begin = async (planned: Planned, machine: Machine | undefined): Promise<void> => {
      const { name, at } = planned;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await setTimeout(at);
      const ofMachine = networkFaults[name] ?? workerFaults[name];
      if (machine && ofMachine) await ofMachine(machine, planned, disturb);
      else await serverFaults[name]?.(server, planned, disturb);
    };

    for (let round = 0; round < ROUNDS; round++) {
      // all that chance decides, in an order that does not depend on how long anything takes
      const some = [...machines.workers].sort(() => random.below(3) - 1).slice(0, random.between(1, 4));
      const faults: [Planned, Machine | undefined][] = some.map((machine) => [
        plan(random, Object.keys(random.chance(60) ? networkFaults : workerFaults)),
        machine,
      ]);
      const further = {
        front: plan(random, Object.keys(networkFaults)),
        reader: plan(random, Object.keys(networkFaults)),
        server: plan(random, Object.keys(serverFaults)),
      };
      if (random.chance(35)) faults.push([further.front, machines.front]);
      if (random.chance(20)) faults.push([further.reader, machines.reader]);
      if (random.chance(35)) faults.push([further.server, undefined]);
      played.push(
        faults.map(([{ name, at, lasts }, machine]) => `${at} ${machine?.host ?? ""} ${name} ${lasts}`).join(", "),
      );
      const said = (): string => `seed ${SEED}, round ${round}: ${played.at(-1)}`;

      if (round === Math.floor(ROUNDS / 2)) await migrateTo("later", server.url);
      const waves = Array.from({ length: WAVES }, async (_, wave) => {
        await setTimeout(wave * BETWEEN_WAVES);
        const from = round * ORDERS_A_ROUND + wave * ORDERS_A_WAVE;
        await Promise.all([machines.front, machines.reader].map((machine) => machine.ask(from, ORDERS_A_WAVE)));
      });
      await Promise.all(faults.map(([planned, machine]) => begin(planned, machine)));

      const healed = performance.now();
      const isDone = await machines.have((round + 1) * RESULTS_A_ROUND, LONGEST);
      const recovery = performance.now() - healed;
      recoveries.push(recovery);
      if (recovery > patience()) late.push(`${recovery.toFixed(0)} ms, ${said()}`);
      expect(machines.dead, said()).toEqual([]);
      expect(isDone, `${said()}\n${machines.output}`).toBe(true);
      await Promise.all(waves);
    }

    const orders = ROUNDS * ORDERS_A_ROUND;
    const places = (pid: number): number =>
      machines.workers.some(({ programs }) => programs.some(({ process }) => process.pid === pid)) ? PLACES : Infinity;
    const { faults, ...found } = judge(journal, disturbances, orders, places);
    const lost = machines.all.reduce((sum, { proxy }) => sum + proxy.lost, 0);
    const sorted = recoveries.toSorted((a, b) => a - b);
    console.log({
      seed: SEED,
      rounds: ROUNDS,
      ...found,
      lostAcknowledgements: lost,
      stalls: journal.stalls.length,
      recovery: { median: sorted[Math.floor(ROUNDS / 2)]?.toFixed(0), longest: sorted.at(-1)?.toFixed(0) },
      faults: Object.fromEntries(counts),
    });
    const wrong = faults.map(
      ({ order, what }) => `order ${order}: ${what}, in a round with ${played[Math.floor(order / ORDERS_A_ROUND)]}`,
    );
    expect(wrong, `seed ${SEED}`).toEqual([]);
    expect(late, `seed ${SEED}`).toEqual([]);
    expect(await administer(server, strangers)).toEqual([{ untouched: 20_000 }]);
    const rest = `SELECT workflow, status, count(*)::integer AS runs FROM perdure.runs WHERE workflow IN ('order', 'delivery') GROUP BY 1, 2 ORDER BY 1`;
    expect(await administer(server, rest)).toEqual([
      { workflow: "delivery", status: "completed", runs: orders },
      { workflow: "order", status: "completed", runs: orders },
    ]);
    await machines.stop();
  },
);
