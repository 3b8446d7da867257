import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { cycles, edges, importGraph, upwards, violations, type ImportGraph } from "./import-graph.ts";
import { aiRooms } from "./rooms-ai.ts";
import { compilerRooms } from "./rooms-compiler.ts";
import { pageRooms } from "./rooms-page.ts";
import { postgresRooms } from "./rooms-postgres.ts";
import { restateRooms } from "./rooms-restate.ts";
import { runtimeRooms } from "./rooms-runtime.ts";

const packages = resolve(import.meta.dirname, "../packages");

/** The other packages that each package may import. */
const allowedImports: Record<string, readonly string[]> = {
  protocol: [],
  store: ["@perdure/protocol"],
  postgres: ["@perdure/protocol", "@perdure/store"],
  restate: ["perdure"],
  ai: ["perdure"],
  compiler: ["@perdure/protocol"],
  runtime: ["@perdure/protocol", "@perdure/store"],
  inspector: ["perdure"],
  cli: ["perdure", "@perdure/inspector"],
};

/** The page of the inspector is a program of its own, for browsers. */
const page = "inspector/page";

const sources = (name: string): string => join(packages, name, "src");
const graphs: Record<string, ImportGraph> = Object.fromEntries(
  [...Object.keys(allowedImports), page].map((name) => [name, importGraph(sources(name))]),
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

test.each(Object.keys(graphs))("the package %s has no import cycle, not even of types", (name) => {
  expect(cycles(graphs[name] ?? new Map())).toEqual([]);
});

describe.each(
  Object.entries({
    runtime: runtimeRooms,
    compiler: compilerRooms,
    postgres: postgresRooms,
    restate: restateRooms,
    ai: aiRooms,
    [page]: pageRooms,
  }),
)("the rooms of the %s", (name, table) => {
  test("the rooms import each other only as the table allows", () => {
    expect(violations(graphs[name] ?? new Map(), table)).toEqual([]);
  });

  test("the table lists the rooms from the bottom to the top", () => {
    expect(upwards(table)).toEqual([]);
  });

  test("a room has at most fifteen files", () => {
    const sizes = new Map<string, number>();
    for (const file of (graphs[name] ?? new Map<string, string[]>()).keys())
      sizes.set(posix.dirname(file), (sizes.get(posix.dirname(file)) ?? 0) + 1);
    expect([...sizes].filter(([, size]) => size > 15)).toEqual([]);
  });

  test("no file has more than 400 lines", () => {
    const lines = (file: string): number => readFileSync(join(sources(name), file), "utf8").split("\n").length;
    expect([...(graphs[name] ?? new Map<string, string[]>()).keys()].filter((file) => lines(file) > 400)).toEqual([]);
  });
});

test("the architecture checks detect a cycle, a forbidden import, a file in no room and an upward table", () => {
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
