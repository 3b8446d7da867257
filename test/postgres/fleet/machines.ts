import { writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { temporaryDirectory } from "../../directories.ts";
import { buildProgram, run } from "../../programs.ts";
import type { RunningProgram } from "../../running-program.ts";
import { Proxy } from "../proxy.ts";
import type { PostgresServer } from "../server.ts";
import { Journal, LEASE } from "./journal.ts";
import { preload } from "./preload.ts";
import { beside, program, reader } from "./program.ts";

/** Runs that a worker executes at the same time. */
export const PLACES = 5;
/** The workers' machines. Two workers share one. */
const HOSTS = ["alpha", "beta", "gamma", "delta", "epsilon", "epsilon"];
const MINUTE = 60_000;

/** Milliseconds within which a fleet finishes its work after the last fault: a lease, then the work itself. An overloaded machine takes longer. */
export function patience(): number {
  const [load = 0] = loadavg();
  return LEASE + 4_000 * Math.max(1, load / (2 * availableParallelism()));
}

/** A process with a machine and a network of its own. */
export class Machine {
  readonly host: string;
  readonly proxy: Proxy;
  /** The process, and those before it. */
  readonly programs: RunningProgram[] = [];
  private readonly begin: (version: 1 | 2) => RunningProgram;

  constructor(host: string, proxy: Proxy, begin: (version: 1 | 2) => RunningProgram) {
    this.host = host;
    this.proxy = proxy;
    this.begin = begin;
  }

  get program(): RunningProgram {
    const program = this.programs.at(-1);
    if (!program) throw new Error(`nothing has been started on ${this.host}`);
    return program;
  }

  start(version: 1 | 2 = 1): RunningProgram {
    this.programs.push(this.begin(version));
    return this.program;
  }

  signal(signal: NodeJS.Signals): void {
    this.program.process.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.program.ended;
  }

  /** Asks the front end to start orders, or the reader to await them. */
  async ask(from: number, count: number): Promise<void> {
    const port = /ready (\d+)\./u.exec(this.program.output)?.[1];
    const response = await fetch(`http://127.0.0.1:${port}/?from=${from}&count=${count}`);
    if (!response.ok) throw new Error(`the ${this.host} answered ${response.status}`);
    await response.text();
  }
}

/** Six workers, a front end that starts orders, and a reader that awaits their results, each behind a proxy of its own. */
export class Machines {
  readonly workers: readonly Machine[];
  readonly front: Machine;
  readonly reader: Machine;
  readonly journal: Journal;

  private constructor(all: readonly Machine[], journal: Journal) {
    const [front, reader, ...workers] = all;
    if (!front || !reader) throw new Error("there are no machines");
    this.front = front;
    this.reader = reader;
    this.workers = workers;
    this.journal = journal;
  }

  static async of(server: PostgresServer): Promise<Machines> {
    const file = {
      1: await buildProgram(program(1), "fleet", beside),
      2: await buildProgram(program(2), "fleet", beside),
      reader: await buildProgram(reader, "reader", beside),
    };
    const directory = temporaryDirectory();
    const before = join(directory, "preload.mjs");
    writeFileSync(before, preload);
    const path = join(directory, "journal");
    const machine = async (role: string, host: string, place: number): Promise<Machine> => {
      const proxy = await Proxy.to(server.port);
      const env = {
        PERDURE_STORE: proxy.url(server.url),
        NODE_OPTIONS: `--import ${pathToFileURL(before)}`,
        JOURNAL: path,
        ROLE: role,
        HOST: host,
        CLOCK: String((place - 3) * MINUTE),
        PLACES: String(PLACES),
      };
      return new Machine(host, proxy, (version) => run(file[role === "reader" ? role : version], env));
    };
    const all = await Promise.all([
      machine("front", "front", 0),
      machine("reader", "reader", 1),
      ...HOSTS.map((host, place) => machine("worker", host, place)),
    ]);
    const machines = new Machines(all, new Journal(path));
    for (const each of machines.all) each.start();
    await Promise.all(machines.all.map(({ program }) => program.printed("ready")));
    return machines;
  }

  get all(): readonly Machine[] {
    return [this.front, this.reader, ...this.workers];
  }

  /** What the processes have printed, the latest of it. */
  get output(): string {
    const last = (text: string): string => text.split("\n").slice(-15).join("\n");
    return this.all
      .flatMap(({ host, programs }) =>
        programs.map(({ process: { pid }, output }) => `${host} ${pid}: ${last(output)}`),
      )
      .join("\n");
  }

  /** Those that have ended though nobody ended them, and their last words. */
  get dead(): string[] {
    return this.all
      .map(({ host, program }) => ({ host, program, ended: program.process.exitCode ?? program.process.signalCode }))
      .filter(({ ended }) => ended !== null)
      .map(({ host, program, ended }) => `${host} ended with ${ended}:\n${program.output.slice(-3_000)}`);
  }

  /** Resolves when that many orders have a result where they are awaited: all at the reader, some at the front end as well. False: not in this time. */
  async have(results: number, milliseconds: number): Promise<boolean> {
    const end = performance.now() + milliseconds;
    for (;;) {
      this.journal.read();
      if (this.journal.results.length + this.journal.rejections.length >= results) return true;
      if (performance.now() > end) return false;
      await setTimeout(50);
    }
  }

  /** Ends all processes in order. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map(({ program }) => program.stop()));
    for (const { proxy } of this.all) proxy.close();
  }
}
