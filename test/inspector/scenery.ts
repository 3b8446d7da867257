/** A store with runs of every kind, and the inspector that shows it: both as a user has them, each process a real one. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundle } from "../programs.ts";
import { createGeneratedDirectory } from "../directories.ts";
import { RunningProgram } from "../running-program.ts";

const root = resolve(import.meta.dirname, "program");
const command = resolve(import.meta.dirname, "../../packages/runtime/dist/cli.mjs");

export class Scenery {
  /** Where the program looks for files that let it go on. */
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "perdure-inspector-")));
  /** Its programs: each is a file in the directory `program`. */
  private readonly programs: readonly string[];
  private readonly built = createGeneratedDirectory("inspector");
  private readonly ends: (() => void)[] = [];

  constructor(programs: readonly string[] = ["orders"]) {
    this.programs = programs;
  }

  async build(): Promise<this> {
    for (const program of this.programs) await bundle(join(root, `${program}.ts`), join(this.built, `${program}.mjs`));
    return this;
  }

  /** Begins a scene of a program in a process of its own. */
  begin(scene: string, { store = "runs", env = {}, program = this.programs[0] }: Scene = {}): RunningProgram {
    return this.spawn([join(this.built, `${program}.mjs`), scene], { ...this.environment(store), ...env });
  }

  /** Plays a scene to its end. */
  async play(scene: string, options: Scene & { readonly end?: number | NodeJS.Signals } = {}): Promise<void> {
    await this.begin(scene, options).exits(options.end ?? 0);
  }

  /** Runs of every kind: of two processes, of one that was killed twice, and one that is blocked. */
  async playAll(): Promise<void> {
    await this.play("runs");
    await this.play("blocked");
    await this.play("nightly", { env: { KILL_AT: "3" }, end: "SIGKILL" });
    await this.play("nightly", { env: { KILL_AT: "5" }, end: "SIGKILL" });
    await this.play("nightly");
  }

  /** Serves the inspector. Resolves with its address, which has the token. */
  async inspect(store = "runs"): Promise<string> {
    const server = this.spawn([command, "inspect", "--root", root], this.environment(store));
    return addressOf(server);
  }

  /** A line for a shell that runs the command. */
  commandLine(args: readonly string[]): string {
    return [process.execPath, command, ...args, "--root", root].map((text) => `'${text}'`).join(" ");
  }

  /** Kills what it has started, and removes what it has made. */
  end(): void {
    for (const end of this.ends) end();
    for (const directory of [this.directory, this.built]) rmSync(directory, { recursive: true, force: true });
  }

  private spawn(args: readonly string[], env: NodeJS.ProcessEnv): RunningProgram {
    const source = ["--enable-source-maps", ...args];
    return new RunningProgram(process.execPath, source, { cwd: this.directory, env }, (kill) => this.ends.push(kill));
  }

  /** Of its programs, which run in the directory. */
  environment(store = "runs"): NodeJS.ProcessEnv {
    const { FORCE_COLOR: _, ...rest } = process.env;
    return { ...rest, DIRECTORY: this.directory, PERDURE_STORE: `sqlite:${store}.db` };
  }
}

/** The address that a server prints. */
export async function addressOf(server: RunningProgram): Promise<string> {
  await server.printed((output) => /http:\S+\n/u.test(output));
  return /http:\S+/u.exec(server.output)?.[0] ?? "";
}

interface Scene {
  /** Name of the store. */
  readonly store?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the first one. */
  readonly program?: string;
}
