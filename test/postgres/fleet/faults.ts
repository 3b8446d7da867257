import { setTimeout } from "node:timers/promises";
import type { Choices } from "../../random-programs/choices.ts";
import type { PostgresServer } from "../server.ts";
import { connect } from "../../../packages/postgres/src/connection/database.ts";
import { placeOf } from "../../../packages/postgres/src/connection/place.ts";
import { LEASE, now } from "./journal.ts";
import type { Machine } from "./machines.ts";
import type { Disturbance } from "./oracle.ts";

/** A fault with everything that chance decides of it, so that it is the same again with the same seed. */
export interface Planned {
  readonly name: string;
  /** Milliseconds after the beginning of the round. */
  readonly at: number;
  /** Milliseconds. */
  readonly lasts: number;
  readonly number: number;
  /** Whether what was swallowed is lost in the end, with its connections. */
  readonly cuts: boolean;
}

export const plan = (random: Choices, names: readonly string[]): Planned => ({
  name: random.pick(names),
  at: random.below(400),
  lasts: random.between(150, LEASE * 1.3),
  number: random.below(1_000),
  cuts: random.chance(50),
});

/** Notes what may keep a process from recording its work, for as long as `during` takes. */
export type Disturb = (what: string, of: Machine | undefined, during: () => Promise<void>) => Promise<void>;

export function disturbing(disturbances: Disturbance[]): Disturb {
  return async (what, of, during) => {
    const pid = of?.program.process.pid;
    const disturbance = { what, pids: of && [Number(pid)], from: now(), to: Infinity };
    disturbances.push(disturbance);
    await during();
    disturbance.to = now();
  };
}

/** A fault of one process or its network. It is over, and healed, when the promise resolves. */
type MachineFault = (machine: Machine, planned: Planned, disturb: Disturb) => Promise<void>;

const swallowing =
  (...ways: readonly ("out" | "back")[]): MachineFault =>
  (machine, { name, lasts, cuts }, disturb) =>
    disturb(name, machine, async () => {
      machine.proxy.swallow(...ways);
      await setTimeout(lasts);
      if (cuts) machine.proxy.cut();
      machine.proxy.heal();
    });

/** Faults of the network between a process and the server. */
export const networkFaults: Readonly<Record<string, MachineFault>> = {
  "what it says is swallowed": swallowing("out"),
  "what it is told is swallowed": swallowing("back"),
  "everything is swallowed": swallowing("out", "back"),
  "its connections are cut": (machine, { name }, disturb) => disturb(name, machine, async () => machine.proxy.cut()),
  "it is cut off": (machine, { name, lasts }, disturb) =>
    disturb(name, machine, async () => {
      machine.proxy.refuses = true;
      machine.proxy.cut();
      await setTimeout(lasts);
      machine.proxy.heal();
    }),
  "acknowledgements are lost": (machine, { name, lasts, number }, disturb) =>
    disturb(name, machine, async () => {
      machine.proxy.unacknowledged = 1 + (number % 8);
      await setTimeout(lasts);
      machine.proxy.heal();
    }),
  "its network is slow": async ({ proxy }, { lasts }) => {
    proxy.delay = () => 5 + Math.random() * 45;
    await setTimeout(lasts);
    proxy.heal();
  },
  "it hears of no change": async ({ proxy }, { lasts }) => {
    proxy.isDeaf = true;
    await setTimeout(lasts);
    proxy.heal();
  },
  "its clock is set": async (machine) => machine.signal("SIGUSR2"),
};

/** Faults of a worker's process. */
export const workerFaults: Readonly<Record<string, MachineFault>> = {
  "is killed": async (machine, { name, lasts }, disturb) => {
    await disturb(name, machine, () => machine.kill());
    await setTimeout(lasts);
    await machine.start().printed("ready");
  },
  "stands still": (machine, { name, lasts }, disturb) =>
    disturb(name, machine, async () => {
      machine.signal("SIGSTOP");
      await setTimeout(lasts + LEASE / 3);
      machine.signal("SIGCONT");
    }),
  "ends in order": async (machine) => {
    await machine.program.stop();
    await machine.start().printed("ready");
  },
  "is deployed anew": async (machine, { number }) => {
    await machine.program.stop();
    await machine.start(number % 3 === 0 ? 1 : 2).printed("ready");
  },
};

/** A fault of the server: of every process. */
type ServerFault = (server: PostgresServer, planned: Planned, disturb: Disturb) => Promise<void>;

/** Runs statements as the superuser in one session, beside the proxies. Returns the rows of the last. */
export async function administer<R extends object = object>(
  { url }: Pick<PostgresServer, "url">,
  ...statements: string[]
): Promise<R[]> {
  const database = connect(placeOf(url, { connections: 1 }));
  try {
    let rows: R[] = [];
    for (const sql of statements) rows = await database.query<R>(sql);
    return rows;
  } finally {
    await database.close();
  }
}

const sessions = `FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;

export const serverFaults: Readonly<Record<string, ServerFault>> = {
  "the server crashes again and again": async (server, { name, lasts, number }, disturb) => {
    for (let crash = 0; crash <= number % 3; crash++) {
      if (crash > 0) await setTimeout(lasts / 2);
      await disturb(name, undefined, async () => {
        await server.kill();
        await setTimeout(lasts / (1 + (number % 3)));
        await server.start();
      });
    }
  },
  "the server is stopped in order": (server, { name, lasts }, disturb) =>
    disturb(name, undefined, async () => {
      await server.stop();
      await setTimeout(lasts / 2);
      await server.start();
    }),
  "the server can only be read": (server, { name, lasts }, disturb) =>
    disturb(name, undefined, async () => {
      await administer(server, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()");
      await setTimeout(lasts);
      await administer(
        server,
        "SET default_transaction_read_only = off",
        "ALTER SYSTEM RESET default_transaction_read_only",
        "SELECT pg_reload_conf()",
      );
    }),
  "all sessions are ended": (server, { name }, disturb) =>
    disturb(
      name,
      undefined,
      async () => void (await administer(server, `SELECT pg_terminate_backend(pid) ${sessions}`)),
    ),
  "the sessions that listen are ended": async (server) => {
    // these are the ones that the driver makes for the purpose, without a name
    await administer(server, `SELECT pg_terminate_backend(pid) ${sessions} AND application_name = ''`);
  },
};
