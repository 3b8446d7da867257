import fc from "fast-check";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile, createProject, type Host, type WarningLevels } from "../../src/index.ts";
import { DIRECTIVE_WORDS } from "../../src/directives/directive.ts";
import { isScript } from "../../src/files/paths.ts";
import { findDirectives } from "../../src/phases/1-parse/directives.ts";
import { parse } from "../../src/phases/1-parse/parse.ts";
import { importsInText } from "../../src/phases/1-parse/text-imports.ts";
import { buildModel } from "../../src/phases/2-analyze/build/build.ts";
import type { Files } from "../execute.ts";
import { fixtures } from "../fixtures.ts";
import { moduleTexts, outcome, projects } from "./projects.ts";

const numRuns = Number(process.env["RUNS"] ?? 300);
const root = "/app";

/** The modules that the syntax tree imports. `undefined` for a text that is no program. */
function importsInTree(id: string, source: string): string[] | undefined {
  const parsed = parse(id, source);
  if (parsed.error) return undefined;
  const { imports, stars } = buildModel(parsed, findDirectives(parsed, DIRECTIVE_WORDS, { file: id, source }));
  return [...imports, ...stars];
}

function missed(id: string, source: string): string[] {
  const found = importsInText(source);
  return found === undefined ? [] : (importsInTree(id, source) ?? []).filter((each) => !found.includes(each));
}

describe("the imports that a text tells", () => {
  test.each([
    [`import a from "x"`, ["x"]],
    [`import"x"`, ["x"]],
    [`import{a}from'x'`, ["x"]],
    [`export*from"x";export{b}from"y"`, ["x", "y"]],
    [`import type { A } from "x"; import { b } from "y"`, ["y"]],
    [`import { type A, type B as C } from "x"`, []],
    [`import { type A, b } from "x"`, ["x"]],
    [`import { type as a } from "x"`, ["x"]],
    [`import { type as as } from "x"`, ["x"]],
    [`import type from "x"`, ["x"]],
    [`import type, { a } from "x"`, ["x"]],
    [`import type A from "x"`, []],
    [`import type * as A from "x"`, []],
    [`export type { A } from "x"; export type * from "y"`, ["y"]],
    [`import a = require("x")`, ["x"]],
    [`import("x"); import(\n/* c */ ("y"), {}); import(\`z\`)`, ["x", "y", "z"]],
    [`import(path); import(\`x\${1}\`); require(name); require.resolve("x"); import.meta.url`, []],
    [`require?.("x"); x.require("y")`, ["x", "y"]],
    [`import a from /* from "z" */ // from "w"\n "x"`, ["w", "x", "z"]],
    [`import {\n// import type {\n a } from "x"`, ["x"]],
    [`/*\nimport type {\n*/ import { a } from "x"`, ["x"]],
    [`/* from " */ import "x"`, [" */ import ", "x"]],
    ['const t = `\nimport type { a } from "`; import { b } from "x"', ["x"]],
    [`import "\\x78"`, undefined],
    [`r\\u0065quire("x")`, undefined],
    [`(require)("x")`, undefined],
    [`(require as any)("x")`, undefined],
    [`require<X>("x")`, undefined],
    [`import(<any>"x")`, undefined],
    [`import.defer("x")`, undefined],
  ])("%s", (source, expected) => {
    expect(importsInText(source)?.toSorted()).toEqual(expected);
    expect(missed("/app/a.ts", source)).toEqual([]);
  });

  test("no import of a random module is missing", () => {
    fc.assert(
      fc.property(moduleTexts, (source) => {
        expect(missed("/app/a.ts", source)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test("no import of the sources of this repository, and of packages, is missing", () => {
    const top = join(import.meta.dirname, "../../../..");
    const files = [
      "packages",
      "test",
      "node_modules/rollup/dist",
      "node_modules/vite/dist/node",
      "node_modules/kysely/dist",
      "node_modules/tape",
    ]
      .flatMap((each) => scriptsBelow(join(top, each)))
      .filter((path) => statSync(path).size < 100_000);
    expect(files.length).toBeGreaterThan(500);
    for (const path of files) expect([path, missed(path, readFileSync(path, "utf8"))]).toEqual([path, []]);
  }, 120_000);
});

function scriptsBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|\..*)$/.test(entry.name) ? [] : scriptsBelow(path);
    return isScript(path) ? [path] : [];
  });
}

/** A comment in the last line after which the text no longer tells that there is no directive: nothing is then decided by text. */
const MARK = `\n// "use `;

const memory = (files: Files): Host => ({
  readFile: (path) => files[path.slice(root.length + 1)],
  scripts: () => Object.keys(files).map((name) => join(root, name)),
  resolve: (specifier, importer) => {
    const path = join(importer, "..", specifier)
      .replace(/\.js$/, ".ts")
      .slice(root.length + 1);
    const found = [path, `${path}.ts`].find((each) => each in files);
    return specifier.startsWith(".") && found !== undefined ? join(root, found) : undefined;
  },
});

/** What becomes of each file of a project. */
function outcomes(files: Files, warnings: WarningLevels, host = memory(files)): Record<string, unknown> {
  const project = createProject(host, DIRECTIVE_WORDS, () => root);
  return Object.fromEntries(
    Object.keys(files).map((name) => {
      const source = files[name] ?? "";
      const shown = outcome(() => compile(source, { id: join(root, name), root, host, project, warnings }));
      return [name, withoutMark(shown)];
    }),
  );
}

/** The mark is in a line of its own, whose characters the map maps. */
const withoutMark = (shown: unknown): unknown => {
  if (typeof shown !== "object" || shown === null || !("code" in shown) || !("map" in shown)) return shown;
  const code = String(shown.code);
  const isMarked = code.endsWith(MARK);
  const map = String(shown.map);
  return {
    ...shown,
    code: isMarked ? code.slice(0, -MARK.length) : code,
    map: isMarked ? map.slice(0, map.lastIndexOf(";")) : map,
  };
};

const withoutPlaces = (shown: unknown): unknown =>
  JSON.parse(JSON.stringify(shown).replaceAll(/"src\/\w\.ts:\d+:\d+ /g, '"'));

const marked = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text + MARK]));

function assertAlike(files: Files): void {
  for (const warnings of [
    {},
    { ERROR_PRIVATE_MEMBERS: "error", WORKFLOW_IO: "error", UNAWAITED_CALL: "error" },
  ] as const)
    expect(outcomes(files, warnings)).toEqual(outcomes(marked(files), warnings));
}

describe("files that are left alone because of their texts", () => {
  test("are those that a syntax tree finds nothing in, in random projects", () => {
    let left = 0;
    let compiled = 0;
    fc.assert(
      fc.property(projects, (files) => {
        assertAlike(files);
        for (const each of Object.values(outcomes(files, {})))
          if (each === undefined) left++;
          else compiled++;
      }),
      { numRuns },
    );
    expect([left > numRuns / 4, compiled > numRuns / 4]).toEqual([true, true]);
  }, 120_000);

  test("are the same if other tools have changed the texts, as a syntax tree finds", () => {
    fc.assert(
      fc.property(projects, fc.array(moduleTexts, { minLength: 6, maxLength: 6 }), (files, others) => {
        const onDisk = (of: (text: string) => string): Host =>
          memory(Object.fromEntries(Object.keys(files).map((name, i) => [name, of(others[i] ?? "")])));
        // a module that imports itself has places in the one text and in the other, which only the marked ones have alike
        const plain = withoutPlaces(
          outcomes(
            files,
            {},
            onDisk((text) => text),
          ),
        );
        expect(plain).toEqual(
          withoutPlaces(
            outcomes(
              marked(files),
              {},
              onDisk((text) => text + MARK),
            ),
          ),
        );
      }),
      { numRuns },
    );
  }, 120_000);

  test.each(fixtures.filter(({ input }) => isScript(input)))("are the same in the fixture $name", ({ files }) => {
    const sources = Object.entries(files).filter(([name]) => isScript(name) && !name.startsWith("expected"));
    assertAlike(Object.fromEntries(sources.filter(([, text]) => !text.trimEnd().endsWith("*/"))));
  });
});
