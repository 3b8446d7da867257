import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { built, compiledDirectly, start } from "./unbundled/alike.ts";
import { program, reported } from "./unbundled/program.ts";
import { registerRows, tscRows, type Row } from "./unbundled/rows.ts";

/** The tasks in which the program is killed, in order. */
const killedIn = [
  "pack ink 0",
  "pack ink 1",
  "pack paper 0",
  "pack paper 1",
  "pack paper 2",
  "charge 2",
  "charge 3",
  "charge 101",
];
const undisturbed = ["reserve ink", "reserve paper"];

const loaded = registerRows.filter((row) => row.program === undefined);
/** Programs compiled at load time, with prebuilt ones between them. */
const ring = loaded.flatMap((row, i) => [
  row,
  ...tscRows.slice(
    Math.floor((i * tscRows.length) / loaded.length),
    Math.floor(((i + 1) * tscRows.length) / loaded.length),
  ),
]);

/** The processes of one run, each under the next row of the ring; the last row of a run is also the first of the next run. */
const runs = Array.from({ length: Math.ceil(ring.length / killedIn.length) }, (_, run) =>
  [...killedIn, "the end"].flatMap((_, index) => ring[(run * killedIn.length + index) % ring.length] ?? []),
);

test.each(runs.map((rows) => [rows.map(({ name }) => name).join(" → "), rows] as const))(
  "a run killed in every task completes under a sequence of builds: %s",
  async (_, rows) => {
    const directory = temporaryDirectory("ring");
    const store = join(directory, "perdure.db");
    const LOG = join(directory, "log");
    for (const [i, row] of rows.slice(0, -1).entries())
      await execute(row, store, { LOG, DIE_IN: killedIn[i] ?? "" }, "SIGKILL");
    const [last] = rows.slice(-1);
    const output = last ? await execute(last, store, { LOG }, 0) : "";
    const { stack: _stack, ...report } = await reported(output, store);
    expect(report).toEqual(await compiledDirectly(program));
    // only the tasks in which the process was killed ran again; the last line is a task call outside the run
    expect(readFileSync(LOG, "utf8").trim().split("\n")).toEqual([
      ...undisturbed,
      ...killedIn.flatMap((task) => [task, task]),
      "charge 101",
    ]);
  },
);

async function execute(
  row: Row,
  store: string,
  env: Readonly<Record<string, string>>,
  end: number | NodeJS.Signals,
): Promise<string> {
  const app = await built(row);
  return start(app, row, store, env).exits(end);
}
