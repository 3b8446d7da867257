import { PerdureError } from "@perdure/protocol";
import { describe, expect, test } from "vitest";
import { unplugin } from "../src/adapters/unplugin/unplugin.ts";
import { valuesOf } from "../src/adapters/session/project-options.ts";
import { compile } from "../src/compile/compile.ts";
import { check } from "../src/check/check.ts";
import transformProgram from "../src/adapters/ts-patch/transform-program.ts";

function errorOf(run: () => unknown): { code: string; text: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof PerdureError) return { code: error.code, text: error.message };
    throw error;
  }
  return { code: "", text: "" };
}

describe.each(["rollup", "rolldown", "vite", "esbuild"] as const)("the options of the plugin for %s", (bundler) => {
  test.each([
    [{ nonsense: 1 }, "OPTION_UNKNOWN", 'perdure() has no option "nonsense"'],
    [{ warning: {} }, "OPTION_UNKNOWN", 'did you mean "warnings"?'],
    [{ directives: { tasks: "use job" } }, "OPTION_UNKNOWN", 'did you mean "task"?'],
    [{ directives: { task: 1 } }, "OPTION_INVALID", "directives.task"],
    [{ check: { tsConfig: "x" } }, "OPTION_UNKNOWN", 'did you mean "tsconfig"?'],
    [{ warnings: { NONSENSE: "off" } }, "OPTION_INVALID", "the code of a warning"],
    [{ warnings: { WORKFLOW_OI: "off" } }, "OPTION_INVALID", "probably WORKFLOW_IO"],
    [{ warnings: { DIRECTIVE_MISSPELT: "off" } }, "OPTION_INVALID", "an error cannot be turned off"],
    [{ warnings: { WORKFLOW_IO: "of" } }, "OPTION_INVALID", '"off"'],
    [{ packages: "@acme/jobs" }, "OPTION_INVALID", "the option packages of perdure()"],
    [{ manifest: 1 }, "OPTION_INVALID", "true, false or a file name"],
  ])("%j is refused with its name", (options, code, text) => {
    const error = errorOf(() => unplugin[bundler](options as never));
    expect(error).toMatchObject({ code, text: expect.stringContaining(text) });
  });

  test("every option is accepted", () => {
    const options = {
      include: "src/**",
      exclude: /x/,
      packages: ["@acme/jobs"],
      root: "/app",
      directives: { task: "use job" },
      warnings: { WORKFLOW_IO: "off" as const },
      manifest: "a.json",
      onManifest: () => {},
      check: { tsconfig: "a.json", classes: ["A"], watch: true },
    };
    expect(errorOf(() => unplugin[bundler](options)).code).toBe("");
  });
});

test("the field perdure of a package.json, an entry in tsconfig.json and check() refuse what they do not know", () => {
  expect(errorOf(() => valuesOf({ warnigns: {} } as never, '"perdure" in package.json')).text).toContain(
    '"perdure" in package.json has no option "warnigns"\n  → did you mean "warnings"?',
  );
  expect(errorOf(() => valuesOf("use task" as never, '"perdure" in package.json')).text).toContain("an object");
  const entry = { transform: "unplugin-perdure/tsc", transformProgram: true, directive: {} };
  const api = { createCompilerHost: () => ({}) };
  const program = { getCompilerOptions: () => ({}) };
  expect(
    errorOf(() => transformProgram(program as never, undefined, entry as object, { ts: api } as never)).text,
  ).toContain('has no option "directive"\n  → did you mean "directives"?');
  expect(errorOf(() => compile("", { id: "/a.js", root: "/", warning: {} } as never)).text).toContain('"warnings"?');
  expect(errorOf(() => check({ tsConfig: "." } as never)).text).toContain('did you mean "tsconfig"?');
});
