import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DIRECTIVE_WORDS } from "../src/directives/directive.ts";
import { findDirectives, mayHoldDirective } from "../src/phases/1-parse/directives.ts";
import { parse } from "../src/phases/1-parse/parse.ts";
import { compileFile, execute } from "./execute.ts";
import { mappingFaults } from "./maps.ts";
import { programs, unmovedPrograms } from "./programs.ts";

const numRuns = Number(process.env["RUNS"] ?? 60);

function compiled(source: string) {
  const result = compileFile({ "main.js": source }, "main.js");
  if (!result) throw new Error("left alone");
  return result;
}

describe("random programs", () => {
  test("a compiled program behaves like the plain program", async () => {
    await fc.assert(
      fc.asyncProperty(programs, async (source) => {
        const run = async (mode: "plain" | "compiled") => {
          const { exports, log } = execute({ "main.js": source }, "main.js", mode);
          return { result: await (exports["main"] as () => Promise<unknown>)(), log };
        };
        expect(await run("compiled")).toEqual(await run("plain"));
      }),
      { numRuns },
    );
  });

  test("a compiled program keeps the lines and the text of its source", () => {
    fc.assert(
      fc.property(unmovedPrograms, (source) => {
        const { code } = compiled(source);
        expect(code.split("\n").length).toBe(source.split("\n").length);
        const kept = source.replaceAll(/"use (?:task|workflow)[^"]*";?/g, "");
        expect(isSubsequence(kept, code)).toBe(true);
      }),
      { numRuns },
    );
  });

  test("the source map of a compiled program is exact", () => {
    fc.assert(
      fc.property(programs, (source) => {
        expect(mappingFaults(source, compiled(source), "jsx")).toEqual([]);
      }),
      { numRuns },
    );
  });
});

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const char of whole) if (char === part[at]) at++;
  return at === part.length;
}

test("the quick filter misses no directive, not even a misspelt one", () => {
  const words = fc.constantFrom(
    "use task",
    "use workflow",
    "Use Task",
    "use-task",
    "use  workflow",
    "use tasks: retries=1",
    "usetask",
    "us task",
    " use task",
    "use_task",
    "uses task",
    "\\x75se task",
    "u\\\nse task",
  );
  const noise = fc.string({ unit: fc.constantFrom(...`abcuseTW ktrlof:-_\\`), maxLength: 16 });
  fc.assert(
    fc.property(
      fc.oneof(words, noise),
      fc.constantFrom('"', "'", "`"),
      fc.constantFrom("", "(", "/* x */"),
      (text, quote, open) => {
        const source = `async function f() { ${open}${quote}${text}${quote}${open === "(" ? ")" : ""} }`;
        const parsed = parse("/a.js", source);
        const found = parsed.error ? undefined : findDirectives(parsed, DIRECTIVE_WORDS, { file: "a.js", source });
        const isAny = found !== undefined && (found.functions.size > 0 || found.diagnostics.length > 0);
        if (isAny) expect(mayHoldDirective(source, DIRECTIVE_WORDS)).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
