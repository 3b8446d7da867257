import { join } from "node:path";
import { build, type BuildOptions, type Format } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { expect, test } from "vitest";
import { generatedDirectory } from "../directories.ts";
import { run } from "../programs.ts";

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

/** Bundles the tasks and the workflow separately, each with its own copy of the runtime. */
async function bundles(format: Format): Promise<string> {
  const tasks = format === "cjs" ? "tasks.cjs" : "tasks.mjs";
  const imports = { "#tasks": { "perdure-test": "./tasks.ts", default: `./${tasks}` } };
  const directory = generatedDirectory("copies", {
    ...sources,
    "package.json": JSON.stringify({ name: "copies", imports }),
  });
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
  "two copies of the runtime in one process, one of them bundled as %s, work as one and log a warning",
  async (format) => {
    const output = await run(await bundles(format)).exits(0);
    const lines = output
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
    expect(output).toMatch(/perdure warn this process has 2 copies of perdure: .*(?:tasks|CommonJS).*RUNTIME_TWICE/s);
  },
);

test("importing two versions of the runtime with incompatible registries is an error", async () => {
  const directory = generatedDirectory("versions", {
    "main.mjs": `globalThis[Symbol.for("perdure/registry@0")] = {};\nawait import("perdure");\n`,
  });
  expect(await run(join(directory, "main.mjs")).exits(1)).toContain("RUNTIME_VERSIONS");
});
