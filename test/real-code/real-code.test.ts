import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { generatedDirectory } from "../directories.ts";
import { RunningProgram } from "../running-program.ts";
import { buildPackage } from "./build.ts";
import { choices, type Choice } from "./inject.ts";
import { realPackages } from "./packages.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");

interface Printed {
  readonly code: number | NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly ran: readonly string[];
}

/** Runs a script in a process of its own, with the packages in the same directory. */
async function printed(directory: string, script: string): Promise<Printed> {
  cpSync(join(import.meta.dirname, "scripts"), directory, { recursive: true });
  const program = new RunningProgram(process.execPath, ["--no-warnings", join(directory, script)], { cwd: directory });
  const code = await program.ended;
  const lines = program.output.split("\n");
  const last = lines.findLastIndex((line) => line.startsWith("RAN "));
  if (last === -1) throw new Error(`${script} ended with ${code}:\n${program.output}`);
  return { code, lines: lines.slice(0, last), ran: JSON.parse(lines[last]?.slice(4) ?? "[]") as string[] };
}

/** The lines of a test report without its numbers and without the tests in `without`; other lines are unchanged. */
function comparable(lines: readonly string[], without: readonly string[] = []): string[] {
  let skips = false;
  return lines
    .filter((line) => {
      if (line.startsWith("# ")) skips = without.includes(line.slice(2));
      return !skips && !/^# (?:tests|pass|fail) /.test(line);
    })
    .map((line) => line.replace(/^(not ok|ok) \d+/, "$1"));
}

describe.each<Choice>(choices)("with a directive in %s async function", (choice) => {
  test.each(Object.entries(realPackages))(
    "%s behaves outside of a workflow as it does uncompiled",
    { timeout: 240_000 },
    async (name, { packages, running, sameTick }) => {
      const root = generatedDirectory(`real-${name}`);
      const folders = {
        work: join(root, "work"),
        plain: join(root, "plain/node_modules"),
        compiled: join(root, "compiled/node_modules"),
      };
      const built = packages.map((each) => buildPackage(join(modules, each), each, folders, choice));
      const [plain, compiled] = [
        await printed(join(root, "plain"), `${name}.mjs`),
        await printed(join(root, "compiled"), `${name}.mjs`),
      ];
      expect(plain.code).toBe(0);
      if (!sameTick) expect(compiled.code).toBe(0);
      expect(comparable(compiled.lines, sameTick)).toEqual(comparable(plain.lines, sameTick));
      expect(compiled.ran).toEqual(plain.ran);
      expect(compiled.ran.length).toBeGreaterThanOrEqual(running);
      for (const { functions, refused } of built) expect(refused / (functions + refused)).toBeLessThan(0.15);
    },
  );
});
