import { expect, test } from "vitest";
import { codeFrame, createDiagnostic, createLocator, formatDiagnostic } from "../src/diagnostics/diagnostic.ts";

test("a diagnostic is formatted with location, message, code frame, hint and code", () => {
  const source = `import "x";\n\nfunction f() {\n\t"use tasks";\n}\n`;
  const start = source.indexOf("use tasks");
  const diagnostic = createDiagnostic(
    { file: "src/a.ts", source },
    "DIRECTIVE_MISSPELT",
    { found: "use tasks", meant: "use task" },
    { start, end: start + 9 },
  );
  expect(diagnostic).toMatchObject({
    code: "DIRECTIVE_MISSPELT",
    severity: "error",
    file: "src/a.ts",
    start,
    end: start + 9,
    line: 4,
    column: 3,
  });
  expect(formatDiagnostic(diagnostic)).toBe(
    [
      'src/a.ts:4:3 error: "use tasks" is not a directive',
      "  2 |",
      "  3 | function f() {",
      '> 4 | \t"use tasks";',
      "    | \t ^^^^^^^^^",
      "  5 | }",
      '  → did you mean "use task"? (DIRECTIVE_MISSPELT)',
    ].join("\n"),
  );
});

test("a code frame marks the first line of a multi-line range and one column of an empty range", () => {
  expect(codeFrame("ab\ncd", 1, 5)).toBe("> 1 | ab\n    |  ^\n  2 | cd");
  expect(codeFrame("ab", 2, 2)).toBe("> 1 | ab\n    |   ^");
});

test("a code frame shows the empty line after the last line break only if the range is there", () => {
  expect(codeFrame("ab\n", 0, 2)).toBe("> 1 | ab\n    | ^^");
  expect(codeFrame("ab\n", 3, 3)).toBe("  1 | ab\n> 2 |\n    | ^");
});

test("a locator counts lines as JavaScript does and ignores a byte-order mark", () => {
  const locate = createLocator("\uFEFFa\r\nb\rc\u2028d");
  expect([0, 1, 4, 6, 8].map(locate)).toEqual([
    [1, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
  ]);
});
