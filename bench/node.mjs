/** The Node that the workloads are measured with. */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";

const cpu = `${cpus().length} × ${cpus()[0]?.model.trim()}`;

/** The one that runs this, or another: a major version, which is installed from npm, or the path of an executable. */
export async function nodeNamed(name = process.execPath) {
  const { tsImport } = await import("tsx/esm/api");
  const { nodeOf, sqliteOf } = await tsImport("../test/nodes.ts", import.meta.url);
  const path = /^\d+$/.test(name) ? await nodeOf(Number(name)) : name;
  const version = spawnSync(path, ["-p", "process.version"], { encoding: "utf8" }).stdout?.trim();
  if (!version) throw new Error(`${name} is no Node: give 22, 24, or the path of an executable`);
  const [major] = version.slice(1).split(".");
  const driver = await sqliteOf(Number(major));
  if (process.version.startsWith(`v${major}.`)) return new MeasuringNode(path, version, driver);
  const hook = join(import.meta.dirname, "programs/other-driver.mjs");
  return new MeasuringNode(path, version, driver, { BENCH_SQLITE: driver }, ["--import", hook]);
}

class MeasuringNode {
  constructor(path, version, driver, environment = {}, args = []) {
    this.path = path;
    this.driver = driver;
    this.machine = { node: version, cpu };
    this.environment = environment;
    this.args = args;
  }

  /** In a process of its own: no workload finds the code that another one has warmed up. */
  measure(file, name, order) {
    const program = join(import.meta.dirname, "measure.mjs");
    const { status, stdout, stderr, signal } = spawnSync(
      this.path,
      ["--expose-gc", ...this.args, program, file, name, order],
      { encoding: "utf8", env: { ...process.env, ...this.environment } },
    );
    if (status !== 0) throw new Error(`${name}: ${stderr || signal}`);
    return JSON.parse(stdout);
  }
}
