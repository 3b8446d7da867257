import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { cycles, edges, importGraph, violations, type ImportGraph } from "./import-graph.ts";
import { runtimeRooms } from "./rooms-runtime.ts";

const packages = resolve(import.meta.dirname, "../packages");

/** The other packages that each package may import. */
const allowedImports: Record<string, readonly string[]> = {
  protocol: [],
  store: ["@perdure/protocol"],
  compiler: ["@perdure/protocol"],
  runtime: ["@perdure/protocol", "@perdure/store"],
};

const sources = (name: string): string => join(packages, name, "src");
const graphs: Record<string, ImportGraph> = Object.fromEntries(
  Object.keys(allowedImports).map((name) => [name, importGraph(sources(name))]),
);

const ours = /^(?:@perdure\/|perdure(?:\/|$)|unplugin-perdure)/;

describe.each(Object.entries(allowedImports))("the imports of the package %s", (name, allowed) => {
  const graph: ImportGraph = graphs[name] ?? new Map();

  test("the package imports only the packages below it", () => {
    const wrong = [...graph].flatMap(([file, specifiers]) =>
      specifiers
        .filter((each) => ours.test(each) && !allowed.some((ok) => each === ok || each.startsWith(`${ok}/`)))
        .map((each) => `${file} → ${each}`),
    );
    expect(wrong).toEqual([]);
  });

  test("relative imports stay inside the package", () => {
    expect(edges(graph).filter(({ to }) => !graph.has(to))).toEqual([]);
  });
});

test.each(["store", "runtime"])("the package %s has no import cycle, not even of types", (name) => {
  expect(cycles(graphs[name] ?? new Map())).toEqual([]);
});

test("the rooms of the runtime import each other only as the table allows", () => {
  expect(violations(graphs["runtime"] ?? new Map(), runtimeRooms)).toEqual([]);
});

test("the architecture checks detect a cycle, a forbidden import and a file in no room", () => {
  const graph = new Map([
    ["low/a.ts", ["./b.ts"]],
    ["low/b.ts", ["./a.ts", "../high/c.ts", "a-package"]],
    ["high/c.ts", ["../low/a.ts"]],
    ["d.ts", []],
  ]);
  expect(cycles(graph)).toEqual(["low/a.ts → low/b.ts → low/a.ts", "low/a.ts → low/b.ts → high/c.ts → low/a.ts"]);
  expect(violations(graph, { low: [], high: ["low"] })).toEqual(["d.ts is in no room", "low/b.ts → high/c.ts"]);
});

test("no file of the runtime is longer than 400 lines", () => {
  const lines = (file: string): number => readFileSync(join(sources("runtime"), file), "utf8").split("\n").length;
  expect([...(graphs["runtime"] ?? new Map<string, string[]>()).keys()].filter((file) => lines(file) > 400)).toEqual(
    [],
  );
});

test("no room of the runtime has more than fifteen files", () => {
  const folders = readdirSync(sources("runtime"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const sizes = folders.map(({ name }) => [name, readdirSync(join(sources("runtime"), name)).length] as const);
  expect(sizes.filter(([, size]) => size > 15)).toEqual([]);
});

test("a phase of the compiler imports no later phase", () => {
  const phases = ["phases/1-parse/", "phases/2-analyze/", "phases/3-rewrite/"];
  const rank = (file: string): number => phases.findIndex((phase) => file.startsWith(phase));
  const wrong = edges(graphs["compiler"] ?? new Map()).filter(
    ({ from, to }) => rank(from) >= 0 && (rank(to) > rank(from) || to.startsWith("adapters/")),
  );
  expect(wrong).toEqual([]);
});
