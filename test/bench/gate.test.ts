import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";

const root = resolve(import.meta.dirname, "../..");
const baseline = join(root, "bench/baseline.json");

interface Measured {
  readonly machine: object;
  readonly figures: readonly { readonly name: string; readonly is: string; readonly best?: number }[];
}

const read = (): Measured => JSON.parse(readFileSync(baseline, "utf8")) as Measured;

/** What the gate says of figures that were not measured now. */
function gate(measured: Measured): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const file = join(temporaryDirectory(), "measured.json");
  writeFileSync(file, JSON.stringify(measured));
  return spawnSync(process.execPath, [join(root, "bench/main.mjs"), "--from", file, "--gate", baseline], {
    encoding: "utf8",
  });
}

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
