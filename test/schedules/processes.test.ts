/** Three processes that tick one schedule on one store, while one of them is killed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { close, configure, getSchedule, listRuns } from "perdure";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { startPostgres } from "../postgres/server.ts";
import { buildProgram, run } from "../programs.ts";

const source = `
import { appendFileSync } from "node:fs";
import { configure, schedule, worker } from "perdure";

async function note(topic: string) {
  "use task";
  appendFileSync(process.env["LOG"] ?? "", topic + "\\n");
}

export async function report(topic: string) {
  "use workflow";
  await note(topic);
}

configure({ pollInterval: "100ms", lease: "2s" });
await schedule("often", "1s", report, ["sales"], { catchUp: "all" });
worker();
console.log("works");
`;

afterEach(close);

const stores: readonly (readonly [string, (directory: string) => string | Promise<string>])[] = [
  ["SQLite", (directory) => `sqlite:${join(directory, "runs.db")}`],
  [
    "PostgreSQL",
    async () => {
      const server = await startPostgres();
      onTestFinished(async () => {
        await close();
        await server.remove();
      });
      return server.url;
    },
  ],
];

test.each(stores)("on %s, each tick of an interval starts one run, whoever dies", async (_, storeIn) => {
  const directory = temporaryDirectory("schedules");
  const store = await storeIn(directory);
  const log = join(directory, "log");
  const file = await buildProgram(source, "often");
  const programs = [1, 2, 3].map(() => run(file, { PERDURE_STORE: store, LOG: log }));
  await Promise.all(programs.map((program) => program.printed("works")));
  configure({ store });
  const often = await getSchedule("often");
  const until = async (count: number): Promise<void> => {
    while ((await often.info()).runs < count) await delay(50);
  };
  await until(2);
  programs[0]?.process.kill("SIGKILL");
  await until(6);
  await often.pause();
  const { runs } = await often.info();
  const done = (): string[] => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
  while ((await listRuns({ schedule: "often", status: "completed" })).length < runs) await delay(50);

  const times = (await listRuns({ schedule: "often" })).map(({ id }) => Date.parse(id.slice("often@".length))).sort();
  expect(times).toHaveLength(runs);
  expect(times.slice(1).map((time, place) => time - (times[place] ?? 0))).toEqual(times.slice(1).map(() => 1_000));
  expect(done().length - runs, "a task runs again only if its process was killed").toBeLessThan(2);
  expect(programs.slice(1).map(({ process }) => process.exitCode)).toEqual([null, null]);
});
