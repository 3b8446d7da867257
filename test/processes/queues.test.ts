/**
 * Limits of queues over the processes of one store, some of which are killed all the time. `PERDURE_QUEUE_ITEMS=5000` makes the first test that long, and
 * prints what it counted.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startPostgres, type PostgresServer } from "../postgres/server.ts";
import { buildProgram } from "../programs.ts";
import type { RunningProgram } from "../running-program.ts";
import { attemptModule, executions, Fleet, mostAtOnce, shortest, type Attempt } from "./attempts.ts";

const { PERDURE_QUEUE_ITEMS: many } = process.env;

/** The programs start items, execute them, or print what became of them. */
const program = (workflows: string): string => `
  import { existsSync } from "node:fs";
  import { setTimeout } from "node:timers/promises";
  import { close, configure, countRuns, getRun, queue, startMany, worker } from "perdure";
  import { during } from "./attempt.ts";
  const { ROLE, FROM = "0", ITEMS, LEASE = "2s", POLL = "100ms", PLACES = "10" } = process.env;
  configure({ lease: LEASE, pollInterval: POLL, durability: "normal" });
  ${workflows}
  const items = Array.from({ length: Number(ITEMS) }, (_, place): [number] => [Number(FROM) + place]);
  if (ROLE === "starter") {
    await startMany(job, items);
    console.log("started at", String(process.hrtime.bigint()));
    await close();
  } else if (ROLE === "reader") {
    const results = await Promise.all(items.map(async ([item]) => (await getRun("item-" + item)).result()));
    const runs = (await countRuns()).map(({ status, count }) => status + " " + count);
    console.log(JSON.stringify({ runs, results }));
    await close();
  } else {
    worker({ concurrency: Number(PLACES), signals: true });
    console.log("works");
  }
`;

const built = async (workflows: string, store?: string): Promise<Fleet> =>
  new Fleet(await buildProgram(program(workflows), "program", attemptModule), store);

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

let schemas = 0;
/** Where the tests of limits run: on PostgreSQL with fewer items, unless there are to be many. */
const stores: readonly (readonly [name: string, storeOf: () => string | undefined, share: number])[] = [
  ["SQLite", () => undefined, 1],
  ["PostgreSQL", () => `${server.url}?schema=queues_${++schemas}`, many === undefined ? 0.4 : 1],
];

/** Starts items in a process of their own. Returns the time at which they were recorded. */
async function startItems(fleet: Fleet, count: number, env: Record<string, string> = {}): Promise<bigint> {
  const output = await fleet.begin("starter", { ...env, ITEMS: String(count) }).exits(0);
  return BigInt(/started at (\d+)/.exec(output)?.[1] ?? "");
}

async function beginWorkers(fleet: Fleet, count: number, env: Record<string, string> = {}): Promise<RunningProgram[]> {
  const workers = Array.from({ length: count }, () => fleet.begin("worker", env));
  await Promise.all(workers.map((worker) => worker.printed("works")));
  return workers;
}

/** Keeps so many workers going until all items are done, and meanwhile kills one of them so many times. */
async function workWithKills(fleet: Fleet, kind: { workers: number; items: number; kills: number }): Promise<void> {
  const workers = await beginWorkers(fleet, kind.workers);
  while (fleet.done() < kind.items) {
    await setTimeout(20);
    const kills = fleet.killedProcesses.length;
    if (kills >= kind.kills || fleet.done() < ((kills + 1) * kind.items) / (kind.kills + 2)) continue;
    const place = kills % kind.workers;
    await fleet.kill(workers[place]!);
    workers[place] = fleet.begin("worker");
  }
}

const doneWith = (fleet: Fleet, items: number): Promise<void> =>
  vi.waitFor(() => expect(fleet.done()).toBe(items), { timeout: 60_000, interval: 50 });

/**
 * All items are done; only attempts that were killed were followed by another, and the result of the last one is recorded.
 * @param parts - tasks of each item, which have numbers of their own in the log
 */
async function expectAllDoneOnce(fleet: Fleet, items: number, parts = 1): Promise<void> {
  const output = await fleet.begin("reader", { ITEMS: String(items) }).exits(0);
  const { runs, results } = JSON.parse(/\{.*\}/.exec(output)?.[0] ?? "") as { runs: string[]; results: object[] };
  expect(runs).toEqual([`completed ${items}`]);
  const last = new Map<number, Attempt>();
  for (const attempt of fleet.attempts()) {
    const before = last.get(attempt.item);
    if (before) expect(fleet.killedProcesses).toContain(before.process);
    last.set(attempt.item, attempt);
  }
  const byLast = (item: number) => ({ item, by: last.get((item + 1) * parts - 1)?.process });
  expect(results).toEqual(Array.from({ length: items }, (_, item) => byLast(item)));
}

test.each(stores)(
  "on %s, four workers, killed all along, never have more attempts at once than the queue's concurrency, and do every item once",
  { timeout: many === undefined ? 120_000 : 3_600_000 },
  async (_, storeOf, share) => {
    const [items, kills] = many === undefined ? [400 * share, 15 * share] : [Number(many), Number(many) / 25];
    const fleet = await built(
      `
      queue("work", { concurrency: 5 });
      async function attempt(item: number) {
        "use task: queue=work, retries=20";
        return during(item, async () => {
          await setTimeout(5 + (item % 11) * 3);
          return { item, by: process.pid };
        });
      }
      export async function job(item: number) {
        "use workflow: id=item-{item}";
        return attempt(item);
      }
    `,
      storeOf(),
    );
    const began = performance.now();
    await startItems(fleet, items);
    await workWithKills(fleet, { workers: 4, items, kills });
    const seconds = (performance.now() - began) / 1000;
    await expectAllDoneOnce(fleet, items);
    const attempts = fleet.attempts();
    if (many !== undefined) {
      const killed = attempts.filter(({ isKilled }) => isKilled).length;
      const most = mostAtOnce(attempts);
      console.log({ items, kills: fleet.killedProcesses.length, attempts: attempts.length, killed, most, seconds });
    }
    expect(fleet.killedProcesses).toHaveLength(kills);
    expect(mostAtOnce(attempts)).toBe(5);
  },
);

test.each(stores)(
  "on %s, a workflow's queue never has more runs at once than its concurrency, though workers are killed",
  async (_, storeOf, share) => {
    const [items, kills, parts] = [90 * share, Math.round(8 * share), 3];
    const fleet = await built(
      `
    queue("flows", { concurrency: 3 });
    async function part(item: number, place: number) {
      "use task: retries=20";
      return during(${parts} * item + place, async () => {
        await setTimeout(5 + (item % 5) * 4);
        return { item, by: process.pid };
      });
    }
    export async function job(item: number) {
      "use workflow: id=item-{item}, queue=flows";
      await part(item, 0);
      await part(item, 1);
      return part(item, 2);
    }
  `,
      storeOf(),
    );
    await startItems(fleet, items);
    await workWithKills(fleet, { workers: 3, items: items * parts, kills });
    await expectAllDoneOnce(fleet, items, parts);
    expect(fleet.killedProcesses).toHaveLength(kills);
    expect(mostAtOnce(executions(fleet.attempts(), parts))).toBe(3);
  },
);

test("a worker that is stopped past its lease keeps its slots", async () => {
  const fleet = await built(`
    queue("work", { concurrency: 3 });
    async function attempt(item: number) {
      "use task: queue=work, retries=0";
      return during(item, async () => {
        do await setTimeout(40);
        while (item < 2 && existsSync(process.env.HELD!));
        return { item, by: process.pid };
      });
    }
    export async function job(item: number) {
      "use workflow: id=item-{item}";
      return attempt(item);
    }
  `);
  const held = join(fleet.directory, "held");
  writeFileSync(held, "");
  const env = { HELD: held };
  const [first] = await beginWorkers(fleet, 1, env);
  await startItems(fleet, 2);
  await vi.waitFor(() => expect(fleet.attempts()).toHaveLength(2));
  first!.process.kill("SIGSTOP");
  await beginWorkers(fleet, 2, env);
  await startItems(fleet, 300, { FROM: "2" });
  await setTimeout(6_000); // three leases
  const meanwhile = fleet.attempts();
  expect(meanwhile.length).toBeGreaterThan(20);
  expect(mostAtOnce(meanwhile)).toBe(3);
  expect(fleet.done()).toBeLessThan(300);
  rmSync(held);
  first!.process.kill("SIGCONT");
  await doneWith(fleet, 302);
  await expectAllDoneOnce(fleet, 302);
  expect(mostAtOnce(fleet.attempts())).toBe(3);
});

test.each(stores)("on %s, a rate holds over three processes, one of which is killed", async (_, storeOf, share) => {
  const items = 90 * share;
  const fleet = await built(
    `
    queue("mail", { rate: { limit: 20, per: "1s" } });
    async function attempt(item: number) {
      "use task: queue=mail, retries=5";
      return during(item, async () => ({ item, by: process.pid }));
    }
    export async function job(item: number) {
      "use workflow: id=item-{item}";
      return attempt(item);
    }
  `,
    storeOf(),
  );
  await startItems(fleet, items);
  await workWithKills(fleet, { workers: 3, items, kills: 2 });
  await expectAllDoneOnce(fleet, items);
  const attempts = fleet.attempts();
  expect(shortest(attempts, 21)).toBeGreaterThanOrEqual(1000);
  // and it is used: 90 starts take four periods and a part of one
  expect(shortest(attempts, items)).toBeLessThan(7000);
  expect(new Set(attempts.map(({ process: pid }) => pid)).size).toBeGreaterThan(2);
});

describe("the slots of a dead process", () => {
  const lost = `
    queue("shared", { concurrency: 2 });
    async function attempt(item: number) {
      "use task: queue=shared";
      return during(item, () => setTimeout(600_000));
    }
  `;
  const here = `
    queue("shared", { concurrency: 2 });
    async function attempt(item: number) {
      "use task: queue=shared";
      return during(item, async () => {
        await setTimeout(20);
        return { item, by: process.pid };
      });
    }
    export async function job(item: number) {
      "use workflow: id=item-{item}";
      return attempt(item);
    }
  `;

  test.each([
    [
      "a task of it had them",
      `${lost} export async function gone(item: number) { "use workflow: id=gone-{item}"; await attempt(item); }`,
    ],
    [
      "its run had them",
      `${lost} export async function gone(item: number) { "use workflow: id=gone-{item}, queue=shared"; await plain(item); }
       async function plain(item: number) { "use task"; return during(item, () => setTimeout(600_000)); }`,
    ],
  ])("come back although no process knows its workflow: %s", async (_, workflow) => {
    const fleet = await built(here);
    const other = await buildProgram(program(`${workflow}\nconst job = gone;`), "program", attemptModule);
    const dead = fleet.begin("worker", {}, other);
    await dead.printed("works");
    await fleet.begin("starter", { ITEMS: "4", FROM: "1000" }, other).exits(0);
    await vi.waitFor(() => expect(fleet.attempts()).toHaveLength(2), { timeout: 10_000 });
    await beginWorkers(fleet, 1);
    await startItems(fleet, 20);
    await setTimeout(500);
    expect(fleet.attempts()).toHaveLength(2);
    await fleet.kill(dead);
    await doneWith(fleet, 20);
    expect(mostAtOnce(fleet.attempts())).toBe(2);
    // both slots: the items do not run one after the other
    expect(mostAtOnce(fleet.attempts().filter(({ item }) => item < 1000))).toBe(2);
  });
});

test("at SIGTERM a worker finishes the attempts in flight, gives its runs back, and ends by the signal", async () => {
  const fleet = await built(`
    queue("work", { concurrency: 2 });
    async function part(item: number, place: number) {
      "use task: queue=work, retries=0";
      return during(2 * item + place, async () => {
        do await setTimeout(20);
        while (existsSync(process.env.HELD!));
        return { item, by: process.pid };
      });
    }
    export async function job(item: number) {
      "use workflow: id=item-{item}";
      await part(item, 0);
      return part(item, 1);
    }
  `);
  const held = join(fleet.directory, "held");
  writeFileSync(held, "");
  const [first] = await beginWorkers(fleet, 1, { HELD: held });
  await startItems(fleet, 4);
  await vi.waitFor(() => expect(fleet.attempts()).toHaveLength(2));
  first!.process.kill("SIGTERM");
  await setTimeout(500);
  expect(first!.process.signalCode).toBe(null);
  rmSync(held);
  await first!.exits("SIGTERM");
  const before = fleet.attempts();
  expect(before.filter(({ to }) => to === undefined)).toEqual([]);
  const ended = process.hrtime.bigint();
  await beginWorkers(fleet, 1);
  await doneWith(fleet, 8);
  await expectAllDoneOnce(fleet, 4, 2);
  // nothing had to wait for a lease, which takes two seconds
  const next = fleet.attempts().find(({ from }) => from > ended);
  expect(Number(next!.from - ended) / 1e6).toBeLessThan(1500);
});

test("a worker begins at once what another process has started, and takes a slot that another process has freed", async () => {
  const fleet = await built(`
    queue("work", { concurrency: 1 });
    async function attempt(item: number) {
      "use task: queue=work, retries=0";
      return during(item, async () => {
        await setTimeout(500);
        return { item, by: process.pid };
      });
    }
    export async function job(item: number) {
      "use workflow: id=item-{item}";
      return attempt(item);
    }
  `);
  const env = { LEASE: "15s", POLL: "5s", PLACES: "1" };
  await beginWorkers(fleet, 2, env);
  await setTimeout(1_000); // both have looked, and found nothing
  for (let round = 0; round < 3; round++) {
    // each has a place for one of them, and one has to wait for the other's slot
    const started = await startItems(fleet, 2, { ...env, FROM: String(2 * round) });
    await doneWith(fleet, 2 * round + 2);
    const attempts = fleet.attempts().slice(2 * round);
    const waits = attempts.map(({ from }, place) => Number(from - (attempts[place - 1]?.to ?? started)) / 1e6);
    expect(Math.max(...waits)).toBeLessThan(1000);
    expect(new Set(attempts.map(({ process: pid }) => pid)).size).toBe(2);
  }
});
