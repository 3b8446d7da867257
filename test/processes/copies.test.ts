import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type BuildOptions, type Format } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../programs.ts";

const generated = resolve(import.meta.dirname, "../.generated");

const sources = {
  "tasks.ts": `import { FatalError, taskContext } from "perdure";
export async function ship(x: number) {
  "use task: retries=3, backoff=constant(0s)";
  console.log("ship", x, "attempt", taskContext().attempt);
  class Refused extends FatalError {}
  if (x > 1) throw new Refused("no more");
  return x;
}
export const instances = (error: unknown) => [error instanceof FatalError, error instanceof TypeError];
`,
  "flow.ts": `import { configure, FatalError, TimeoutError, close, sleep } from "perdure";
import { ship, instances } from "#tasks";
export async function flow() {
  "use workflow";
  await ship(1);
  await sleep(1);
  try { await ship(2) } catch (error) { return (error as Error).message }
}
configure({ store: "memory:", logLevel: "warn", onStep: (event, _, step) => event === "executed" && console.log(event, step) });
console.log(await flow());
console.log(instances(new FatalError()), instances(new TimeoutError()));
await close();
`,
};

/** The runtime in a bundle of its own for the tasks, and once more in the one that imports them. */
async function bundles(format: Format): Promise<string> {
  mkdirSync(generated, { recursive: true });
  const directory = mkdtempSync(join(generated, "copies-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(directory, name), text);
  const tasks = format === "cjs" ? "tasks.cjs" : "tasks.mjs";
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name: "copies", imports: { "#tasks": { "perdure-test": "./tasks.ts", default: `./${tasks}` } } }),
  );
  const common: BuildOptions = {
    bundle: true,
    platform: "node",
    external: ["better-sqlite3"],
    logLevel: "error",
    absWorkingDir: directory,
  };
  await build({ ...common, entryPoints: ["tasks.ts"], outfile: tasks, format, plugins: [perdure()] });
  await build({
    ...common,
    entryPoints: ["flow.ts"],
    outfile: "flow.mjs",
    format: "esm",
    external: ["better-sqlite3", "#tasks"],
    plugins: [perdure()],
  });
  return join(directory, "flow.mjs");
}

test.each(["esm", "cjs"] as const)(
  "a process with two copies of the runtime, one in an %s bundle, works as one, and says so",
  async (format) => {
    const { ended, output } = run(await bundles(format));
    expect(await ended).toBe(0);
    const lines = output()
      .trim()
      .split("\n")
      .filter((line) => line !== "");
    expect(lines.filter((line) => !/^(?:perdure warn|\s+→)/.test(line))).toEqual([
      "ship 1 attempt 1",
      "executed ship[0]",
      "executed sleep[0]",
      "ship 2 attempt 1",
      "no more",
      "[ true, false ] [ false, false ]",
    ]);
    expect(output()).toMatch(/perdure warn this process has 2 copies of perdure: .*(?:tasks|CommonJS).*RUNTIME_TWICE/s);
  },
);

test("two versions that keep separate registries are one error", async () => {
  mkdirSync(generated, { recursive: true });
  const directory = mkdtempSync(join(generated, "versions-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "main.mjs");
  writeFileSync(file, `globalThis[Symbol.for("perdure/registry@0")] = {};\nawait import("perdure");\n`);
  const { ended, output } = run(file);
  expect(await ended).toBe(1);
  expect(output()).toContain("RUNTIME_VERSIONS");
});
