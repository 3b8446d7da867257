import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { cycles, edges, importGraph, upwards, violations, type ImportGraph } from "./import-graph.ts";
import { compilerRooms } from "./rooms-compiler.ts";
import { runtimeRooms } from "./rooms-runtime.ts";

const packages = resolve(import.meta.dirname, "../packages");

/** The floors of the house: which of the other packages each package may import. Imports go down only. */
const floors: Record<string, readonly string[]> = {
  protocol: [],
  store: ["@perdure/protocol"],
  compiler: ["@perdure/protocol"],
  runtime: ["@perdure/protocol", "@perdure/store"],
};

const sources = (name: string): string => join(packages, name, "src");
const graphs: Record<string, ImportGraph> = Object.fromEntries(
  Object.keys(floors).map((name) => [name, importGraph(sources(name))]),
);

const ours = /^(?:@perdure\/|perdure(?:\/|$)|unplugin-perdure)/;

describe.each(Object.entries(floors))("%s", (name, allowed) => {
  const graph: ImportGraph = graphs[name] ?? new Map();

  test("imports only the packages below it", () => {
    const wrong = [...graph].flatMap(([file, specifiers]) =>
      specifiers
        .filter((each) => ours.test(each) && !allowed.some((ok) => each === ok || each.startsWith(`${ok}/`)))
        .map((each) => `${file} → ${each}`),
    );
    expect(wrong).toEqual([]);
  });

  test("has no relative import that leaves the package", () => {
    expect(edges(graph).filter(({ to }) => !graph.has(to))).toEqual([]);
  });
});

test.each(Object.keys(floors))("the package %s has no import cycle, types included", (name) => {
  expect(cycles(graphs[name] ?? new Map())).toEqual([]);
});

describe.each(Object.entries({ runtime: runtimeRooms, compiler: compilerRooms }))(
  "the rooms of the %s",
  (name, table) => {
    test("import each other only as the table says", () => {
      expect(violations(graphs[name] ?? new Map(), table)).toEqual([]);
    });

    test("stand in the table from the bottom to the top", () => {
      expect(upwards(table)).toEqual([]);
    });

    test("have at most fifteen files each", () => {
      const sizes = new Map<string, number>();
      for (const file of (graphs[name] ?? new Map<string, string[]>()).keys())
        sizes.set(posix.dirname(file), (sizes.get(posix.dirname(file)) ?? 0) + 1);
      expect([...sizes].filter(([, size]) => size > 15)).toEqual([]);
    });

    test("have no file with more than 400 lines", () => {
      const lines = (file: string): number => readFileSync(join(sources(name), file), "utf8").split("\n").length;
      expect([...(graphs[name] ?? new Map<string, string[]>()).keys()].filter((file) => lines(file) > 400)).toEqual([]);
    });
  },
);

test("the checks find a cycle, an import against the table, a file in no room, and a table that goes upwards", () => {
  const graph = new Map([
    ["low/a.ts", ["./b.ts"]],
    ["low/b.ts", ["./a.ts", "../high/c.ts", "a-package"]],
    ["high/c.ts", ["../low/a.ts"]],
    ["d.ts", []],
  ]);
  expect(cycles(graph)).toEqual(["low/a.ts → low/b.ts → low/a.ts", "low/a.ts → low/b.ts → high/c.ts → low/a.ts"]);
  expect(violations(graph, { low: [], high: ["low"] })).toEqual(["d.ts is in no room", "low/b.ts → high/c.ts"]);
  expect(upwards({ low: ["high"], high: ["low"] })).toEqual(["low → high"]);
});
