import { PerdureError } from "@perdure/protocol";
import type { RunRow } from "@perdure/store";
import { workflowNames } from "../definitions/registry.ts";
import type { Runtime } from "../process/runtime.ts";

export interface WorkerOptions {
  /** Runs at the same time. Default 10. */
  readonly concurrency?: number;
  /** Names of the workflows whose runs it resumes. Default: all that this program has loaded. */
  readonly workflows?: readonly string[];
}

/** Resumes the runs that need a process: pending, due, or abandoned. */
export class Worker {
  private readonly runtime: Runtime;
  private readonly concurrency: number;
  private readonly workflows: readonly string[] | undefined;
  private readonly taken = new Set<string>();
  private timer: (() => void) | undefined;
  private ticking: Promise<void> | undefined;
  private stopped = false;

  constructor(runtime: Runtime, { concurrency = 10, workflows }: WorkerOptions) {
    if (!(Number.isInteger(concurrency) && concurrency > 0))
      throw new PerdureError("OPTION_INVALID", {
        option: "concurrency",
        value: String(concurrency),
        expected: "a whole number from 1",
      });
    this.runtime = runtime;
    this.concurrency = concurrency;
    this.workflows = workflows;
    this.loop(0);
  }

  /** Reads the store once and begins to resume what it finds. */
  async tick(): Promise<void> {
    const room = this.concurrency - this.taken.size;
    if (room <= 0 || this.stopped) return;
    const rows = await this.runtime.claims.claimable(
      this.workflows ?? workflowNames(),
      (row) => !this.taken.has(row.id) && !this.runtime.claims.isBlocked(row),
    );
    for (const row of rows.slice(0, room)) this.take(row);
  }

  /** Begins nothing more, lets the attempts in flight finish, and gives the runs back. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.();
    await this.ticking;
    await this.runtime.runs.drain(this.taken);
  }

  private take(row: RunRow): void {
    this.taken.add(row.id);
    this.runtime.claims
      .executeOnce(row)
      .catch((error: unknown) =>
        this.runtime.log.error(`run ${row.id} cannot be resumed: ${String(error)}`, { run: row.id }),
      )
      .finally(() => {
        this.taken.delete(row.id);
        if (this.timer) this.loop(0);
      });
  }

  private loop(wait: number): void {
    if (this.stopped) return;
    this.timer?.();
    const { clock, settings, log } = this.runtime;
    this.timer = clock.at(clock.now() + wait, () => {
      this.timer = undefined;
      this.ticking = this.tick()
        .catch((error: unknown) => log.error(`the worker cannot read the store: ${String(error)}`, {}))
        .finally(() => this.loop(settings.pollInterval));
    });
  }
}
