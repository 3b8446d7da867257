import { spawn, type ChildProcess, type SpawnOptionsWithoutStdio } from "node:child_process";
import { afterTest } from "./processes/concurrently.ts";

/** A child process, killed at the end of the test (or when `atEnd` says so), and what it has printed. */
export class RunningProgram {
  readonly process: ChildProcess;
  /** The exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  private text = "";
  private readonly listeners = new Set<() => void>();

  constructor(
    command: string,
    args: readonly string[],
    options: Pick<SpawnOptionsWithoutStdio, "cwd" | "env">,
    atEnd: (kill: () => void) => void = afterTest,
  ) {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    atEnd(() => void child.kill("SIGKILL"));
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => this.hear(chunk));
    this.ended = new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  }

  /** Everything it has printed so far, to stdout and stderr. */
  get output(): string {
    return this.text;
  }

  private hear(chunk: Buffer): void {
    this.text += chunk.toString();
    for (const listener of this.listeners) listener();
  }

  /** Resolves when the output contains the text or satisfies the condition. */
  async printed(condition: string | ((output: string) => boolean)): Promise<void> {
    const holds = typeof condition === "string" ? (text: string): boolean => text.includes(condition) : condition;
    const heard = new Promise<void>((resolve) => {
      const check = (): void => {
        if (holds(this.text)) resolve();
      };
      this.listeners.add(check);
      check();
    });
    const over = this.ended.then(() => {
      if (!holds(this.text))
        throw new Error(`the program ended without printing what was expected (${condition}):\n${this.text}`);
    });
    await Promise.race([heard, over]);
  }

  /** Ends it and the processes it has started. */
  async stop(): Promise<void> {
    this.process.kill("SIGTERM");
    await this.ended;
  }

  /** Its output, once it has ended with this exit code or signal. */
  async exits(code: number | NodeJS.Signals): Promise<string> {
    const ended = await this.ended;
    if (ended !== code) throw new Error(`ended with ${ended} and not ${code}:\n${this.text}`);
    return this.text;
  }
}
