import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** The server of the agent, as a process that can be killed. */
export class ServerProcess {
  readonly url: string;
  private readonly home: string;
  private readonly port: number;
  private child: ChildProcess | undefined;

  constructor(home: string, port: number) {
    this.home = home;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    process.once("exit", () => this.child?.kill("SIGKILL"));
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ["--enable-source-maps", join(this.home, "build/server.mjs")], {
      env: { ...process.env, AGENT_HOME: this.home, PORT: String(this.port) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    const log = createWriteStream(join(this.home, "server.log"), { flags: "a" });
    for (const output of [child.stdout, child.stderr]) output.pipe(log, { end: false });
    while (!(await this.answers())) {
      if (child.exitCode !== null) throw new Error(`the server ended: see ${join(this.home, "server.log")}`);
      await setTimeout(50);
    }
  }

  /** SIGKILL: it learns nothing of it. */
  kill(): Promise<void> {
    return this.end("SIGKILL");
  }

  stop(): Promise<void> {
    return this.end("SIGTERM");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }

  private answers(): Promise<boolean> {
    return fetch(this.url).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
