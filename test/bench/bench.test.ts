import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";

const root = resolve(import.meta.dirname, "../..");
const baseline = join(root, "bench/baseline.json");

interface Measured {
  readonly machine: object;
  readonly place?: string;
  readonly figures: readonly { readonly name: string; readonly is: string; readonly best?: number }[];
}

const read = (): Measured => JSON.parse(readFileSync(baseline, "utf8")) as Measured;

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The bench over figures that were not measured now. */
function bench(measured: Measured, ...args: readonly string[]): Answer {
  const file = join(temporaryDirectory(), "measured.json");
  writeFileSync(file, JSON.stringify(measured));
  return spawnSync(process.execPath, [join(root, "bench/main.mjs"), "--from", file, ...args], { encoding: "utf8" });
}

const gate = (measured: Measured): Answer => bench(measured, "--gate", baseline);

/** The baseline, with one ratio so many times as large. */
function times(factor: number): Measured {
  const { figures, ...rest } = read();
  return {
    ...rest,
    figures: figures.map((figure, index) => (index === 0 ? { ...figure, best: (figure.best ?? 0) * factor } : figure)),
  };
}

test("the baseline has ratios only, and is not empty", () => {
  const { figures } = read();
  expect(figures.length).toBeGreaterThan(3);
  expect(figures.filter(({ is, best }) => is !== "ratio" || !(best !== undefined && best > 0))).toEqual([]);
});

test("the gate passes when no ratio has become more than twice the baseline's", () => {
  const { status, stdout, stderr } = gate(times(1.9));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(read().figures[0]?.name);
});

test("the gate fails when one has, and names it", () => {
  const { status, stderr } = gate(times(2.1));
  expect(status).toBe(1);
  expect(stderr).toContain(`${read().figures[0]?.name}: `);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("the gate fails for a workload that the baseline does not know", () => {
  const { figures, ...rest } = read();
  const { status, stderr } = gate({ ...rest, figures: [...figures, { name: "new", is: "ratio", best: 1 }] });
  expect(status).toBe(1);
  expect(stderr).toContain("new: has no earlier ratio");
});

interface Turn {
  readonly limit: number;
  readonly perdure: number;
}

const { figureOf, partsOf } = (await import(pathToFileURL(join(root, "bench/figures.mjs")).href)) as {
  figureOf(part: object, turns: readonly Turn[]): object;
  partsOf(workload: object): readonly object[];
};

const turns = [
  { limit: 10, perdure: 20 },
  { limit: 100, perdure: 100 },
  { limit: 20, perdure: 60 },
];

test("a figure is the median of what single turns give, and the best of each side is compared too", () => {
  const [part = {}] = partsOf({ name: "steps", units: 10, goal: 1.5 });
  expect(figureOf(part, turns)).toEqual({
    name: "steps",
    unit: "µs",
    is: "ratio",
    goal: 1.5,
    limit: 2000,
    perdure: 6000,
    figure: 2,
    min: 1,
    max: 3,
    best: 2,
  });
});

test("a part of a workload has a unit of its own, and may be a difference", () => {
  const [part = {}] = partsOf({ parts: [{ name: "memory", of: "heap", unit: "MB", is: "difference" }] });
  const taken = { limit: { heap: 12 }, perdure: { heap: 20 } } as unknown as Turn;
  expect(figureOf(part, [taken])).toMatchObject({ unit: "MB", limit: 12, perdure: 20, figure: 8, min: 8, max: 8 });
});

test("the figures are put into their place in docs/performance.md, again and again", () => {
  const page = join(temporaryDirectory(), "page.md");
  writeFileSync(page, readFileSync(join(root, "docs/performance.md")));
  const [figure = { name: "", is: "ratio" }] = read().figures;
  const measuredOn = (node: string, name: string): Measured => ({
    machine: { node, cpu: "2 × some CPU", date: "2026-11-26", repeats: 5 },
    figures: [{ ...figure, name }],
  });
  for (const name of ["before", "after"]) bench(measuredOn("v24.21.0", name), "--into", page);
  expect(bench(measuredOn("v20.20.2", "older"), "--into", page).status).toBe(0);
  const text = readFileSync(page, "utf8");
  expect(text.match(/^\| (?:before|after|older) /gm)).toEqual(["| after ", "| older "]);
  expect(text.match(/^## /gm)).toEqual(readFileSync(join(root, "docs/performance.md"), "utf8").match(/^## /gm));
  expect(bench(measuredOn("v19.0.0", "none"), "--into", page).stderr).toContain("the page has no place for this");
});

test("the figures on PostgreSQL have a place of their own, and name the server", () => {
  const page = join(temporaryDirectory(), "page.md");
  writeFileSync(page, readFileSync(join(root, "docs/performance.md")));
  const [figure = { name: "", is: "ratio" }] = read().figures;
  const machine = { node: "v24.21.0", postgres: "18.4", cpu: "2 × some CPU", date: "2026-11-26", repeats: 5 };
  const { status } = bench(
    { machine, place: "postgres", figures: [{ ...figure, name: "written there" }] },
    "--into",
    page,
  );
  expect(status).toBe(0);
  const text = readFileSync(page, "utf8");
  const [, after = ""] = text.split("<!-- bench: postgres, Node v24 -->");
  const [table = ""] = after.split("<!-- end -->");
  expect(table).toContain("Node v24.21.0, PostgreSQL 18.4, 2 × some CPU");
  expect(table.match(/^\| .* \|$/gm)?.at(-1)).toMatch(/^\| written there /);
  expect(text.match(/written there/g)).toHaveLength(1);
});
