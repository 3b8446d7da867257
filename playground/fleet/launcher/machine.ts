import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Network } from "./network.ts";

interface Place {
  /** The directory of the build and of the logs. */
  readonly home: string;
  /** The URL of the database, and its port. */
  readonly url: string;
  readonly port: number;
}

/** One process with a host name and a network of its own. What it logs is in a file. */
export class Machine {
  readonly name: string;
  readonly network: Network;
  /** When its processes were killed, by their number. */
  readonly deaths = new Map<number, number>();
  private readonly begin: () => ChildProcess;
  private child: ChildProcess | undefined;

  private constructor(name: string, network: Network, begin: () => ChildProcess) {
    this.name = name;
    this.network = network;
    this.begin = begin;
  }

  /** @param program - `worker` or `front` */
  static async of(name: string, program: string, { home, url, port }: Place, more: Record<string, string> = {}) {
    const network = await Network.to(port);
    const through = network.url(url);
    const log = join(home, `${name}.log`);
    const preload = pathToFileURL(join(home, "build/machine.mjs")).href;
    const env = { ...process.env, MACHINE: name, STORE: through, BANK: through, JOURNAL: join(home, "journal.log") };
    const machine = new Machine(name, network, () => {
      const output = openSync(log, "a");
      const args = ["--enable-source-maps", "--import", preload, join(home, `build/${program}.mjs`)];
      const child = spawn(process.execPath, args, { env: { ...env, ...more }, stdio: ["ignore", output, output] });
      closeSync(output);
      return child;
    });
    process.once("exit", () => machine.child?.kill("SIGKILL"));
    return machine;
  }

  start(): void {
    this.child = this.begin();
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Ends it as the loss of its power does. */
  async kill(): Promise<void> {
    if (this.child) await this.end(this.child, "SIGKILL");
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    if (this.child) await this.end(this.child, "SIGTERM");
  }

  private async end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${this.name} ended by itself: see its log`);
    const ended = once(child, "exit");
    this.deaths.set(this.pid, Date.now());
    child.kill(signal);
    await ended;
  }
}
