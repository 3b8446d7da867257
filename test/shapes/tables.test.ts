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

/** The rows of both tables; a vertical bar in a cell is escaped. */
const rows: readonly Row[] = page.split("\n").flatMap((line) => {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const [, shape = "", state = "", names = "", remark = "", fixture = ""] = cells;
  const isRow = cells.length === 7 && fixture !== "fixture" && !fixture.startsWith("---");
  return isRow
    ? [{ shape, state, names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name), remark, fixture }]
    : [];
});

const byName = new Map(fixtures.map((fixture) => [fixture.name, fixture]));

test("every fixture is in a table of docs/placements.md, and every row has a fixture", () => {
  expect([...new Set(rows.map(({ fixture }) => fixture))].sort()).toEqual([...byName.keys()].sort());
});

test.each(rows.map((row) => [row.shape, row] as const))(
  "the fixture confirms the row of docs/placements.md: %s",
  (_, { state, names, remark, fixture }) => {
    const { files, refused } = byName.get(fixture) ?? expect.unreachable(`there is no fixture ${fixture}`);
    expect(refused).toBe(state !== "supported");
    expect("steps.txt" in files).toBe(!refused && !/compiled only/i.test(remark));
    if (refused) for (const code of state.split(", ")) expect(files["diagnostics.txt"]).toContain(`(${code})`);
    const { functions } = JSON.parse(files["manifest.json"] ?? `{ "functions": [] }`) as {
      readonly functions: readonly { readonly name: string }[];
    };
    expect(functions.map(({ name }) => name)).toEqual(expect.arrayContaining([...names]));
  },
);
