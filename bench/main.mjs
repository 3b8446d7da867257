/**
 * Measures what Perdure costs, as a ratio to what the disk or the language costs in the same process and run:
 *
 *   npm run bench                       every workload, five times
 *   npm run bench -- --quick            the main ones, three times
 *   npm run bench -- --only PATTERN     those whose name matches
 *   npm run bench -- --json FILE        also writes the figures
 *   npm run bench -- --compare FILE     also compares them with those of a file
 *   npm run bench -- --quick --at-most 2 --compare FILE    ends with 1 if a ratio is more than twice that of the file
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildFlows } from "./build.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    repeat: { type: "string" },
    json: { type: "string" },
    compare: { type: "string" },
    "at-most": { type: "string" },
  },
});

await buildFlows();
const { workloads } = await import("./workloads.mjs");
const chosen = workloads.filter(
  ({ name, isQuick }) => (!options.quick || isQuick) && new RegExp(options.only ?? "", "u").test(name),
);
const repeats = Number(options.repeat ?? (options.quick ? 3 : 5));

const taken = new Map(chosen.map(({ name }) => [name, []]));
for (let turn = 0; turn < repeats; turn++)
  for (const { name } of chosen) {
    process.stderr.write(`${turn + 1} of ${repeats}: ${name}\u001b[K\r`);
    taken.get(name).push(measure(name, turn % 2 === 0 ? "limit-first" : "perdure-first"));
  }
process.stderr.write("\u001b[K");

/** In a process of its own: no workload finds the code that another one has warmed up. */
function measure(name, order) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "measure.mjs"), name, order],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return JSON.parse(stdout);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rounded = (value) => Number(value.toPrecision(3));

const figures = chosen.map(({ name, units, goal }) => {
  const turns = taken.get(name);
  const ratios = turns.map(({ limit, perdure }) => perdure / limit);
  const each = (side) => rounded((median(turns.map((turn) => turn[side])) / units) * 1000);
  return {
    name,
    limit: each("limit"),
    perdure: each("perdure"),
    ratio: rounded(median(ratios)),
    min: rounded(Math.min(...ratios)),
    max: rounded(Math.max(...ratios)),
    ...(goal !== undefined && { goal }),
  };
});

const before = options.compare === undefined ? [] : JSON.parse(readFileSync(options.compare, "utf8")).figures;
const earlier = new Map(before.map(({ name, ratio }) => [name, ratio]));

const machine = { node: process.version, cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}` };
console.log(`Node ${machine.node}, ${machine.cpu}; µs a unit, medians of ${repeats}\n`);
console.table(
  Object.fromEntries(
    figures.map(({ name, min, max, ...rest }) => [
      name,
      { ...rest, range: `${min}–${max}`, ...(earlier.has(name) && { before: earlier.get(name) }) },
    ]),
  ),
);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);

const limit = Number(options["at-most"] ?? Infinity);
const slower = figures.filter(({ name, ratio }) => ratio > (earlier.get(name) ?? Infinity) * limit);
for (const { name, ratio } of slower)
  console.error(`${name}: ${ratio} times its limit, which was ${earlier.get(name)}`);
process.exitCode = slower.length > 0 ? 1 : 0;
