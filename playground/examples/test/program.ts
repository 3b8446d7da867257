import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createInterface, type Interface } from "node:readline";
import { onTestFinished } from "vitest";

const runner = join(import.meta.dirname, "../run.mjs");

/** The URL of a store that does not exist yet, removed after the test. */
export function freshStore(): string {
  const directory = mkdtempSync(join(tmpdir(), "perdure-example-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return `sqlite:${join(directory, "perdure.db")}`;
}

/** An example running in a child process. */
export class Program {
  readonly lines: string[] = [];
  private readonly child: ChildProcessByStdio<null, Readable, null>;
  private readonly reader: Interface;
  private readonly closed: Promise<unknown>;
  private ended = false;

  constructor(example: string, store: string, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [runner, example], {
      env: { ...process.env, ...env, PERDURE_STORE: store },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.closed = once(this.child, "close").finally(() => (this.ended = true));
    this.reader = createInterface(this.child.stdout).on("line", (line) => this.lines.push(line));
  }

  /** Resolves with the first matching line, as soon as it is printed. */
  async line(pattern: RegExp): Promise<string> {
    const find = (): string | undefined => this.lines.find((line) => pattern.test(line));
    while (find() === undefined && !this.ended) await Promise.race([once(this.reader, "line"), this.closed]);
    return find() ?? this.fail(`it ended without a line like ${pattern}`);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.child.kill(signal);
    await this.closed;
  }

  /** Resolves with the output when the process has ended with exit code 0. */
  async output(): Promise<string[]> {
    await this.closed;
    return this.child.exitCode === 0 ? this.lines : this.fail(`it ended with exit code ${this.child.exitCode}`);
  }

  private fail(reason: string): never {
    throw new Error(`${reason}:\n${this.lines.join("\n")}`);
  }
}

/** Runs an example to its end. */
export const run = (example: string, store: string): Promise<string[]> => new Program(example, store).output();

/** Runs an example until it prints a matching line, then kills it. Returns its output. */
export async function runAndKillAt(example: string, store: string, pattern: RegExp): Promise<string[]> {
  const program = new Program(example, store);
  await program.line(pattern);
  await program.kill();
  return program.lines;
}
