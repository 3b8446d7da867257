import { expect, test } from "vitest";
import { bundle, bundlers } from "./bundlers.ts";
import { project } from "./project.ts";

const files = {
  "src/tasks.ts": `export async function charge(card: string): Promise<string> {\n  "use task";\n  return card;\n}\n`,
  "src/main.ts": `import { charge } from "./tasks.ts";\n\nexport async function main(): Promise<void> {\n  "use workflow";\n  charge("42");\n}\n`,
  "src/misspelt.ts": `export async function charge(card: string): Promise<string> {\n  "use tasks";\n  return card;\n}\n`,
};

/** The lines without the marks that the bundler puts in front of a code frame. */
const lines = (output: string): string[] => output.split("\n").map((line) => line.replace(/^[\s│×⚠╰─▶>]+/u, "").trim());

test.each(bundlers)("%s shows an error with its location, source line and hint", (_title, bundler) => {
  const { status, output } = bundle(bundler, project(files), "src/misspelt.ts", "node");
  expect(status).not.toBe(0);
  expect(output).toMatch(/src\/misspelt\.ts:2:[34]\b/);
  expect(lines(output)).toContainEqual(expect.stringMatching(/^2 [|│]   "use tasks";$/));
  expect(output).toContain('"use tasks" is not a directive');
  expect(output).toContain('did you mean "use task"?');
  expect(output).toContain("(DIRECTIVE_MISSPELT)");
});

test.each(bundlers)(
  "%s shows a warning with its location, source line and hint, and completes the build",
  (_title, bundler) => {
    const { status, output } = bundle(bundler, project(files), "src/main.ts", "node");
    expect(status, output).toBe(0);
    expect(output).toMatch(/src\/main\.ts:5:[23]\b/);
    expect(lines(output)).toContainEqual(expect.stringMatching(/^5 [|│]   charge\("42"\);$/));
    expect(output).toContain("charge() is not awaited");
    expect(output).toContain("add await");
    expect(output).toContain("(UNAWAITED_CALL)");
  },
);
