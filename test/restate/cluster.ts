/** A server of Restate, and programs that serve workflows to it, each started again whenever it has died. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
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
  /** The Node that programs are run with. */
  readonly node: string;
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
    const files = ["worker.ts", "features.ts", "programs.ts", "world.ts"].map((file) => `test/restate/${file}`);
    const texts = files.map((file) => [file, change(readFileSync(join(root, file), "utf8"))] as const);
    return join(await this.build(name, Object.fromEntries(texts), ["test/restate/worker.ts"]), "worker.mjs");
  }

  /**
   * Compiles modules as a project of their own, in this workspace.
   * @returns the folder with what became of the entries
   */
  async build(name: string, files: Readonly<Record<string, string>>, entries: readonly string[]): Promise<string> {
    const project = join(this.bundles, name);
    // error classes are known by package, file and name: the same in the tests
    const all = { ...files, "package.json": '{ "name": "perdure-workspace", "type": "module" }' };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), text);
    }
    await build({
      absWorkingDir: project,
      entryPoints: Object.fromEntries(entries.map((file) => [basename(file, ".ts"), file])),
      outdir: project,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
      plugins: [perdure({ root: project, exclude: [] })],
    });
    return project;
  }

  /** Serves workflows of the bundle, at one port until it is stopped. */
  async serve(
    bundle: string,
    workflows: string,
    at?: number,
    others: Readonly<Record<string, string>> = {},
  ): Promise<Program> {
    const port = at ?? (await freePort());
    const effects = join(this.directory, `${workflows}-${port}`);
    const env = {
      ...process.env,
      ...others,
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
        const { RESTATE_ADMIN: _admin, ...later } = env;
        const started = spawn(this.node, [bundle], {
          env: isFirst ? env : later,
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

  /** Deletes the ended runs of these workflows, so that their ids are free again. */
  async forget(workflows: readonly string[]): Promise<void> {
    const services = workflows.map((name) => `'${name}'`).join(", ");
    const rows = await this.query(`select id from sys_invocation where target_service_name in (${services})`);
    for (const { id } of rows) {
      const { ok, status } = await fetch(`${this.server.admin}/invocations/${String(id)}/purge`, { method: "PATCH" });
      if (!ok && status !== 404) throw new Error(`the server did not delete ${String(id)}: ${status}`);
    }
  }

  async remove(): Promise<void> {
    await Promise.all([...this.programs].map((program) => program.stop()));
    await this.server.remove();
    for (const directory of [this.directory, this.bundles]) rmSync(directory, { recursive: true, force: true });
  }
}
