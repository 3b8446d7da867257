/** docs/cli.md has the help of every command, and the shells complete what the command knows. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { createProgram } from "@perdure/cli";
import { expect, test } from "vitest";
import { perdure } from "./command.ts";

const file = resolve(import.meta.dirname, "../../docs/cli.md");
const SECTION = /^### perdure (\w+)\n([^]*?)^```text help\n([^]*?)^```$/gmu;

test("docs/cli.md has the help of every command", () => {
  const helps = new Map(createProgram().commands.map((command) => [command.name(), command.helpInformation()]));
  const page = readFileSync(file, "utf8");
  const expected = page.replace(
    SECTION,
    (_, name: string, text: string) => `### perdure ${name}\n${text}\`\`\`text help\n${helps.get(name) ?? ""}\`\`\``,
  );
  if (process.env["UPDATE"]) writeFileSync(file, expected);
  else expect(page).toBe(expected);
  const documented = [...page.matchAll(SECTION)].map(([, name]) => name);
  expect([...documented, "complete"].sort()).toEqual([...helps.keys()].filter((name) => name !== "help").sort());
});

test("docs/cli.md has the exit codes that --help tells", async () => {
  const { code, output } = await perdure(["--help"]);
  expect(code).toBe(0);
  const codes = [...readFileSync(file, "utf8").matchAll(/^\| (\d) \| ([^|]+) \|$/gmu)].map(
    ([, each = "", what = ""]) => [each, what.replaceAll("`", "").split(":")[0]],
  );
  expect(codes).toEqual(
    [...output.matchAll(/^ {2}(\d) {2}(.+)$/gmu)].map(([, each, what = ""]) => [each, what.split(":")[0]]),
  );
  expect(codes).toHaveLength(4);
});

test("a shell completes commands, options and their values", async () => {
  const [script, commands, values] = await Promise.all([
    perdure(["complete", "bash"]),
    perdure(["complete", "--", "re"]),
    perdure(["complete", "--", "runs", "--status", "f"]),
  ]);
  execFileSync("bash", ["-n"], { input: script.output });
  expect(script.output).toContain("perdure complete --");
  expect(commands.output.split("\n").map((line) => line.split("\t")[0])).toEqual(
    expect.arrayContaining(["retry", "restart"]),
  );
  expect(values.output).toContain("failed");
});
