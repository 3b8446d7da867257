/** The server of a fleet dies, and its standby takes its place: it can only be read for a while, and is promoted then. */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { administer, disturbing } from "./fleet/faults.ts";
import { Machines, patience, PLACES } from "./fleet/machines.ts";
import { migrateTo } from "./fleet/neighbours.ts";
import { judge, type Disturbance } from "./fleet/oracle.ts";
import { startPostgres, type PostgresServer } from "./server.ts";

const FAILOVERS = 2;
const ORDERS = 24;
/** Milliseconds. */
const READ_ONLY = 800;

const settings = { synchronous_commit: "on", max_connections: "200" };
const servers: PostgresServer[] = [];
beforeAll(async () => {
  servers.push(await startPostgres({ settings }));
});
afterAll(() => Promise.all(servers.map((server) => server.remove())));

/** A standby of the server. From now on, nothing is acknowledged that it does not have. */
async function standbyOf(server: PostgresServer): Promise<PostgresServer> {
  const standby = await startPostgres({ settings, follows: server });
  servers.push(standby);
  await administer(server, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()");
  const followers = "SELECT sync_state FROM pg_stat_replication";
  await expect.poll(() => administer(server, followers)).toEqual([{ sync_state: "sync" }]);
  return standby;
}

test(
  "a fleet whose server fails over to a standby does each order, no finished step again, and loses nothing that was acknowledged",
  { timeout: 180_000 },
  async () => {
    let [server] = servers;
    if (!server) throw new Error("there is no server");
    await migrateTo("ours", server.url);
    const machines = await Machines.of(server);
    const disturbances: Disturbance[] = [];
    const disturb = disturbing(disturbances);

    for (let failover = 0; failover < FAILOVERS; failover++) {
      const primary: PostgresServer = server;
      const from = failover * ORDERS;
      const before = machines.journal.attempts.size;
      let standby: PostgresServer = primary;
      await disturb("the data is copied", undefined, async () => void (standby = await standbyOf(primary)));
      const asked = Promise.all([machines.front, machines.reader].map((machine) => machine.ask(from, ORDERS)));
      await expect
        .poll(() => (machines.journal.read(), machines.journal.attempts.size), { interval: 5 })
        .toBeGreaterThan(before + 5);
      await disturb("the server fails over", undefined, async () => {
        await primary.kill();
        for (const { proxy } of machines.all) {
          proxy.target = standby.port;
          proxy.cut();
        }
        await setTimeout(READ_ONLY);
        await administer(standby, "SELECT pg_promote()");
      });
      server = standby;
      const healed = performance.now();
      expect(await machines.have((from + ORDERS) * 1.25, 60_000), machines.output).toBe(true);
      expect(performance.now() - healed).toBeLessThan(patience());
      expect(machines.dead).toEqual([]);
      await asked;
    }

    const orders = FAILOVERS * ORDERS;
    const front = machines.front.program.process.pid;
    const { faults } = judge(machines.journal, disturbances, orders, (pid) => (pid === front ? ORDERS : PLACES));
    expect(faults).toEqual([]);
    await machines.stop();
  },
);
