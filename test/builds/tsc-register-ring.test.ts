import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { built, compiledDirectly, start } from "./unbundled/alike.ts";
import { temporary } from "./unbundled/app.ts";
import { program, reported } from "./unbundled/program.ts";
import { registerRows, tscRows, type Row } from "./unbundled/rows.ts";

/** The tasks in which a life of the program ends, in their order. */
const deaths = [
  "pack ink 0",
  "pack ink 1",
  "pack paper 0",
  "pack paper 1",
  "pack paper 2",
  "charge 2",
  "charge 3",
  "charge 101",
];
const survived = ["reserve ink", "reserve paper"];

const loaded = registerRows.filter((row) => row.program === undefined);
/** Builds between the programs that are compiled when they are loaded. */
const ring = loaded.flatMap((row, i) => [
  row,
  ...tscRows.slice(
    Math.floor((i * tscRows.length) / loaded.length),
    Math.floor(((i + 1) * tscRows.length) / loaded.length),
  ),
]);

/** Lives of one run: each under the next row of the ring. The last one begins the next run. */
const runs = Array.from({ length: Math.ceil(ring.length / deaths.length) }, (_, run) =>
  [...deaths, "the end"].flatMap((_death, life) => ring[(run * deaths.length + life) % ring.length] ?? []),
);

test.each(runs.map((lives) => [lives.map(({ name }) => name).join(" → "), lives] as const))(
  "a run killed in every task: %s",
  async (_, lives) => {
    const directory = temporary("ring");
    const store = join(directory, "perdure.db");
    const LOG = join(directory, "log");
    for (const [i, row] of lives.slice(0, -1).entries())
      await live(row, store, { LOG, DIE_IN: deaths[i] ?? "" }, "SIGKILL");
    const [last] = lives.slice(-1);
    const output = last ? await live(last, store, { LOG }, 0) : "";
    const { stack: _stack, ...report } = await reported(output, store);
    expect(report).toEqual(await compiledDirectly(program));
    // a task in which the process died ran again, and no other did; the last one is the program's call outside of the run
    expect(readFileSync(LOG, "utf8").trim().split("\n")).toEqual([
      ...survived,
      ...deaths.flatMap((task) => [task, task]),
      "charge 101",
    ]);
  },
);

async function live(
  row: Row,
  store: string,
  env: Readonly<Record<string, string>>,
  end: number | NodeJS.Signals,
): Promise<string> {
  const app = await built(row);
  return start(app, row, store, env).exits(end);
}
