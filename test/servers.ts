/** Servers that tests start: each a process of its own, with a folder for its data, on a free port of this machine. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

/** The process of a server, which can be started again in the same folder after it has ended. */
export class ServerProcess {
  /** Its folder. */
  readonly home: string;
  private child: ChildProcess | undefined;

  /** @param name - the beginning of the folder's name */
  constructor(name: string) {
    this.home = mkdtempSync(join(tmpdir(), `${name}-`));
    process.once("exit", this.atExit);
  }

  /**
   * Starts it, and waits until `isReady`.
   * @returns false: it has ended before
   */
  async start(
    program: string,
    args: readonly string[],
    isReady: () => Promise<boolean>,
    options: SpawnOptions = {},
  ): Promise<boolean> {
    const output = openSync(join(this.home, "log"), "a");
    const child = spawn(program, args, { cwd: this.home, ...options, stdio: ["ignore", output, output] });
    closeSync(output);
    this.child = child;
    while (child.exitCode === null && child.signalCode === null) {
      if (await isReady()) return true;
      await setTimeout(20);
    }
    return false;
  }

  /** The end of what it has said. */
  get log(): string {
    const path = join(this.home, "log");
    return existsSync(path) ? readFileSync(path, "utf8").slice(-3_000) : "";
  }

  /** Sends it the signal, and waits for its end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await exited;
  }

  /** Ends it, and deletes its folder. */
  async remove(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    process.off("exit", this.atExit);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  private readonly atExit = (): void => {
    this.child?.kill("SIGKILL");
    rmSync(this.home, { recursive: true, force: true });
  };
}
