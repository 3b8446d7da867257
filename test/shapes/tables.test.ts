import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fixtures } from "../../packages/compiler/test/fixtures.ts";

interface Row {
  readonly shape: string;
  readonly state: string;
  readonly names: readonly string[];
  readonly remark: string;
  readonly fixture: string;
}

const page = readFileSync(join(import.meta.dirname, "../../docs/placements.md"), "utf8");

/** The rows of both tables; a bar in a cell is escaped. */
const rows: readonly Row[] = page.split("\n").flatMap((line) => {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const [, shape = "", state = "", names = "", remark = "", fixture = ""] = cells;
  const isRow = cells.length === 7 && fixture !== "fixture" && !fixture.startsWith("---");
  return isRow
    ? [{ shape, state, names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name), remark, fixture }]
    : [];
});

const byName = new Map(fixtures.map((fixture) => [fixture.name, fixture]));

test("every fixture is in a table, and every row has its fixture", () => {
  expect([...new Set(rows.map(({ fixture }) => fixture))].sort()).toEqual([...byName.keys()].sort());
});

test.each(rows.map((row) => [row.shape, row] as const))("%s", (_, { state, names, remark, fixture }) => {
  const { files, refused } = byName.get(fixture) ?? expect.unreachable(`no fixture is called ${fixture}`);
  expect(refused).toBe(state !== "supported");
  expect("steps.txt" in files).toBe(!refused && !/compiled only/i.test(remark));
  if (refused) for (const code of state.split(", ")) expect(files["diagnostics.txt"]).toContain(`(${code})`);
  const { functions } = JSON.parse(files["manifest.json"] ?? `{ "functions": [] }`) as {
    readonly functions: readonly { readonly name: string }[];
  };
  expect(functions.map(({ name }) => name)).toEqual(expect.arrayContaining([...names]));
});
