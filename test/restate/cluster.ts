/** A server of Restate, and programs that serve workflows to it, each started again whenever it has died. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { nodeOf } from "../nodes.ts";
import { freePort } from "../servers.ts";
import { startRestate, type RestateServer } from "./server.ts";

const root = resolve(import.meta.dirname, "../..");

export interface Program {
  /** The file with what its tasks have done. */
  readonly effects: string;
  /** How often it was started. */
  readonly starts: number;
  /** What it has said. */
  readonly output: string;
  /** Ends it. */
  stop(): Promise<void>;
}

export class Cluster {
  readonly server: RestateServer;
  private readonly directory: string;
  /** Inside of the project, whose packages they import. */
  private readonly bundles: string;
  private readonly node: string;
  private readonly programs = new Set<Program>();

  private constructor(server: RestateServer, node: string) {
    this.server = server;
    this.node = node;
    this.directory = mkdtempSync(join(tmpdir(), "perdure-restate-effects-"));
    const cache = join(root, "node_modules/.cache");
    mkdirSync(cache, { recursive: true });
    this.bundles = mkdtempSync(join(cache, "perdure-restate-"));
  }

  static async start(): Promise<Cluster> {
    // the SDK of Restate needs a later Node than the oldest that the tests run on
    return new Cluster(await startRestate(), await nodeOf(22));
  }

  /** Builds a copy of the programs, after `change` of the text of its modules. */
  async bundle(name: string, change: (text: string) => string = (text) => text): Promise<string> {
    const project = join(this.bundles, name);
    // error classes are known by package, file and name: the same in the tests
    const copies = join(project, "test/restate");
    mkdirSync(copies, { recursive: true });
    writeFileSync(join(project, "package.json"), '{ "name": "perdure-workspace", "type": "module" }');
    for (const file of ["worker.ts", "features.ts", "programs.ts", "world.ts"])
      writeFileSync(join(copies, file), change(readFileSync(join(import.meta.dirname, file), "utf8")));
    const outfile = join(project, "worker.mjs");
    await build({
      absWorkingDir: project,
      entryPoints: ["test/restate/worker.ts"],
      outfile,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node22",
      logLevel: "warning",
      plugins: [perdure({ root: project, exclude: [] })],
    });
    return outfile;
  }

  /** Serves workflows of the bundle, at one port until it is stopped. */
  async serve(bundle: string, workflows: string, at?: number): Promise<Program> {
    const port = at ?? (await freePort());
    const effects = join(this.directory, `${workflows}-${port}`);
    const env = {
      ...process.env,
      PORT: String(port),
      PERDURE_PROGRAM: workflows,
      PERDURE_EFFECTS: effects,
      RESTATE_ADMIN: this.server.admin,
    };
    let child: ChildProcess;
    let isStopped = false;
    const program = { effects, starts: 0, output: "", stop: async () => {} };
    const begin = (): Promise<void> =>
      new Promise((resolve, reject) => {
        program.starts++;
        const isFirst = program.starts === 1;
        const { RESTATE_ADMIN, ...others } = env;
        const started = spawn(this.node, [bundle], {
          env: isFirst ? { ...others, RESTATE_ADMIN } : others,
          cwd: root,
          stdio: ["ignore", "pipe", "pipe"],
        });
        child = started;
        for (const stream of [started.stdout, started.stderr])
          stream.on("data", (chunk: Buffer) => {
            program.output += chunk.toString();
            if (program.output.includes("serving")) resolve();
          });
        started.once("exit", (code, signal) => {
          if (signal !== "SIGKILL") reject(new Error(`the program ended with ${code}:\n${program.output}`));
          else if (!isStopped) begin().catch(reject);
        });
      });
    program.stop = async () => {
      isStopped = true;
      this.programs.delete(program);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await exited;
    };
    this.programs.add(program);
    await begin();
    return program;
  }

  /** Rows of the server's own tables. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const response = await fetch(`${this.server.admin}/query`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ query: sql }),
    });
    const { rows } = (await response.json()) as { readonly rows: Record<string, unknown>[] };
    return rows;
  }

  async remove(): Promise<void> {
    await Promise.all([...this.programs].map((program) => program.stop()));
    await this.server.remove();
    for (const directory of [this.directory, this.bundles]) rmSync(directory, { recursive: true, force: true });
  }
}
