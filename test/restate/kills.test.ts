/**
 * Compiled programs on a server of Restate, whose process is killed after each of their effects, and whose server is killed as well.
 * `PERDURE_RESTATE=long` tries every effect, several deaths in a run, and the server under every program, and prints what it counted.
 */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CancelledError } from "perdure";
import { restate, type RestateRun } from "perdure-restate";
import { Cluster, type Program } from "./cluster.ts";
import { expected, problemsOf, type Outcome } from "./oracle.ts";
import { programs } from "./programs.ts";
import { restateBinary } from "./server.ts";
import { effectsIn, type Effect } from "./world.ts";

const isLong = process.env["PERDURE_RESTATE"] === "long";

type Name = keyof typeof programs;

const names = Object.keys(programs) as Name[];

/** The effects of a run without deaths. */
const effects: Readonly<Record<Name, number>> = {
  swap: 6,
  race: 5,
  pool: 8,
  caught: 5,
  clock: 3,
  chains: 9,
  nested: 7,
  sig: 4,
  cancelled: 3,
  children: 2,
};

/** After which effects the process dies, run by run. */
function plansOf(name: Name): number[][] {
  const places = Array.from({ length: effects[name] }, (_, place) => place + 1);
  if (!isLong) return [...places.filter((place) => place % 3 === 1).map((place) => [place]), [2, 4]];
  return [...places.map((place) => [place]), [1, 2], [1, 3, 5], [2, 4, 6, 8]];
}

const counted = { runs: 0, deaths: 0, serverDeaths: 0, repeats: 0 };

/** Brings it to its end, and returns what it returned. */
async function outcomeOf(name: Name, run: RestateRun<Outcome>, of: () => readonly Effect[]): Promise<Outcome> {
  if (name === "sig") for (const word of ["w1", "w2"]) expect(await run.complete("word", word)).toBe(true);
  if (name !== "cancelled") return run.result();
  const childHasBegun = (): boolean => of().some((effect) => effect.name === "child begun");
  while (!childHasBegun()) await setTimeout(10);
  expect(await run.cancel("enough")).toBe(true);
  const error: unknown = await run.result().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CancelledError);
  expect(await run.status()).toBe("cancelled");
  expect(
    of()
      .filter((effect) => effect.name.startsWith("undo"))
      .map((effect) => effect.name),
  ).toEqual(expect.arrayContaining(["undo1 enough", "undo2"]));
  // the child is cancelled as well
  const child = restate(cluster.server.url).run("waiting", `${run.id}/waiting`);
  expect(await child.result().catch((reason: unknown) => reason)).toBeInstanceOf(CancelledError);
  return { seen: ["begun", "undo1 enough", "undo2"] };
}

let cluster: Cluster;
let bundle: string;

async function check(
  name: Name,
  program: Program,
  id: string,
  kills: readonly number[],
  serverDeaths = 0,
): Promise<void> {
  const client = restate(cluster.server.url);
  const before = program.starts;
  const of = (): Effect[] => effectsIn(program.effects).filter((effect) => effect.run === id);
  const run = (await client.start(programs[name], [{ id, kills }], { id })) as RestateRun<Outcome>;
  const result = await outcomeOf(name, run, () =>
    effectsIn(program.effects).filter((effect) => effect.run.startsWith(id)),
  );
  const done = of();
  const deaths = program.starts - before + serverDeaths;
  expect(problemsOf(result, done, deaths), JSON.stringify({ result, done })).toEqual([]);
  if (name !== "cancelled") expect(result).toMatchObject(expected[name]?.(result as never, id) ?? {});
  counted.runs++;
  counted.deaths += program.starts - before;
  counted.repeats += done.length - new Set(done.map((effect) => `${effect.name}#${effect.attempt}`)).size;
}

describe.skipIf(restateBinary() === undefined)(
  "programs on Restate (skipped where npm has no server for the platform)",
  () => {
    beforeAll(async () => {
      cluster = await Cluster.start();
      bundle = await cluster.bundle("kills");
    });
    afterAll(async () => {
      await cluster.remove();
      if (isLong)
        console.log(
          `Restate: ${counted.runs} runs, ${counted.deaths} deaths of programs, ${counted.serverDeaths} of servers, ${counted.repeats} effects repeated`,
        );
    });

    describe.concurrent(
      "a program that dies after an effect has the same result, and repeats nothing that was completed",
      () => {
        test.each(names)("%s", { timeout: 600_000 }, async (name) => {
          const program = await cluster.serve(bundle, name);
          for (const [place, kills] of [[], ...plansOf(name)].entries())
            await check(name, program, `${name}-${place}`, kills);
          await program.stop();
        });
      },
    );

    test("a server that dies and comes back loses nothing", { timeout: 600_000 }, async () => {
      const some: Name[] = isLong ? names.filter((name) => name !== "cancelled") : ["pool", "chains", "children"];
      const running = await Promise.all(some.map((name) => cluster.serve(bundle, name)));
      let isOver = false;
      const ends = Promise.all(
        running.map((program, place) => {
          const name = some[place] ?? "pool";
          return check(name, program, `server-${name}`, isLong ? [2, 4] : [3], 3);
        }),
      ).finally(() => (isOver = true));
      for (let death = 0; death < 3 && !isOver; death++) {
        await setTimeout(60);
        await cluster.server.kill();
        await cluster.server.start();
        counted.serverDeaths++;
      }
      await ends;
      expect(counted.serverDeaths).toBeGreaterThan(0);
      await Promise.all(running.map((program) => program.stop()));
    });
  },
);
