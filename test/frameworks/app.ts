import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { entryOf } from "./container.ts";
import type { Project } from "./project.ts";

/** How many items an order has: each is packed by one task, which leaves one line. */
export const ITEMS = 6;

/** What the tasks of one project have done, and the store in which that is recorded. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), "perdure-framework-"));
  readonly env = {
    EFFECTS: join(this.directory, "effects.log"),
    PERDURE_STORE: `sqlite:${join(this.directory, "perdure.db")}`,
  };

  /** The lines that the tasks of an order have left. */
  effects(order: string): string[] {
    const { EFFECTS: file } = this.env;
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    return lines.filter((line) => line.startsWith(`${order} `));
  }

  /** The items of an order, each with how often it has been packed. */
  packed(order: string): Map<number, number> {
    const counts = new Map<number, number>();
    for (const line of this.effects(order)) {
      const item = Number(/ item (\d+) /.exec(line)?.[1] ?? NaN);
      if (!Number.isNaN(item)) counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    return counts;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A program of a project, in a process group of its own. */
export class App {
  readonly port: number;
  private readonly command: readonly string[];
  private readonly child: ChildProcess;
  private readonly ended: Promise<string>;
  private hasEnded = false;
  private text = "";

  private constructor(command: readonly string[], port: number, { root, env }: Project, world: World) {
    const [file = "", ...args] = command;
    this.port = port;
    this.command = command;
    this.child = spawn(file, args, {
      cwd: root,
      env: { ...env, ...world.env, PORT: String(port), NITRO_PORT: String(port), HOST: "localhost" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk: Buffer) => void (this.text += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(error.message));
      this.child.once("exit", (code, signal) => resolve(signal ?? `exit ${code}`));
    });
    void this.ended.then(() => (this.hasEnded = true));
  }

  /** Starts a program that is told its port. */
  static async start(command: (port: number) => readonly string[], project: Project, world: World): Promise<App> {
    const port = await freePort();
    return new App(command(port), port, project, world);
  }

  /** Resolves when the condition holds. Throws with what the program has printed if it ends before that, or after a time in milliseconds. */
  async until(what: string, condition: () => boolean | Promise<boolean>, limit = 60_000): Promise<void> {
    const end = Date.now() + limit;
    while (!(await condition())) {
      const over =
        Date.now() > end ? `not after ${limit / 1000} s` : this.hasEnded ? `ended with ${await this.ended}` : "";
      if (over !== "") throw new Error(`${what}: ${over}\n${this.tail}`);
      await pause(50);
    }
  }

  /** Resolves when it answers requests. No module of a route is loaded for that. */
  async ready(): Promise<void> {
    await this.until("answers", () => this.answers(), 120_000);
  }

  private async answers(): Promise<boolean> {
    try {
      await fetch(`http://localhost:${this.port}/`, { signal: AbortSignal.timeout(20_000) });
      return true;
    } catch {
      return false;
    }
  }

  /** Starts an order. */
  async post(order: string): Promise<void> {
    const response = await this.request(order, "POST");
    const text = await response.text();
    if (!response.ok || !text.includes(`order-${order}`))
      throw new Error(`POST /orders/${order}: ${response.status} ${text.slice(0, 1000)}\n${this.tail}`);
  }

  /** The status of an order's run, or why there is none. */
  async status(order: string): Promise<string> {
    try {
      const response = await this.request(order, "GET");
      const text = await response.text();
      return /"status":\s*"(\w+)"/.exec(text)?.[1] ?? `${response.status} ${text.slice(0, 500)}`;
    } catch (error) {
      return String(error);
    }
  }

  private request(order: string, method: string): Promise<Response> {
    // a POST without a type could come from a form of another site, and some frameworks refuse it
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(60_000);
    const body = method === "POST" ? { body: "{}" } : {};
    return fetch(`http://localhost:${this.port}/orders/${order}`, { method, headers, signal, ...body });
  }

  /** A page with the result of a workflow. */
  async receipt(id: string): Promise<void> {
    const response = await fetch(`http://localhost:${this.port}/receipts/${id}`, {
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (!response.ok || !text.includes(`receipt ${id}`))
      throw new Error(`GET /receipts/${id}: ${response.status} ${text.slice(0, 1000)}\n${this.tail}`);
  }

  /** The last lines that it has printed. */
  get tail(): string {
    // oxlint-disable-next-line no-control-regex
    return this.text
      .replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, "")
      .trim()
      .split("\n")
      .slice(-25)
      .join("\n");
  }

  /** Asks the program to end, and resolves with how it did. */
  async stop(limit: number): Promise<string> {
    if (this.child.pid !== undefined) process.kill(entryOf(this.child.pid, this.command), "SIGTERM");
    return Promise.race([this.ended, pause(limit, `still there after ${limit / 1000} s`, { ref: false })]);
  }

  /** How it ends by itself. */
  async exit(limit?: number): Promise<string> {
    await this.until("ends", () => this.hasEnded, limit);
    return this.ended;
  }

  /** Kills it with everything that it has started. */
  async kill(): Promise<void> {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // nothing of it is left
    }
    await this.ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
