import { PerdureError } from "@perdure/protocol";
import { hasEnded, type RunRow } from "@perdure/store";
import type { RunEnd, RunRequest } from "../execution/host.ts";
import { CancelledError } from "../values/errors.ts";
import type { Claims } from "./claims.ts";
import type { ProcessContext } from "./context.ts";
import type { Poller } from "./poller.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";
import type { Waiters } from "./waiters.ts";

/** Follows runs to their ends, in whichever process they are executed. */
export class Followers {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  private readonly claims: Claims;
  private readonly waiters: Waiters;
  private readonly poller: Poller;
  private readonly followed = new Map<string, Promise<RunEnd>>();
  /** Runs whose results are awaited here: a caller gets the error of a stop, so it is not logged. */
  private readonly awaited = new Set<string>();

  constructor(context: ProcessContext, runs: RunsInMemory, claims: Claims, waiters: Waiters, poller: Poller) {
    this.context = context;
    this.runs = runs;
    this.claims = claims;
    this.waiters = waiters;
    this.poller = poller;
  }

  /**
   * Resolves when the run has ended. Executes it here when no living process does.
   * @throws the error that stopped the run; PerdureError `RUN_NOT_FOUND`, `RUNTIME_CLOSED`
   */
  follow(id: string, request?: RunRequest): Promise<RunEnd> {
    if (request && this.claims.keepBody(id, request)) this.waiters.wake(id); // earlier followers could not execute it
    const known = this.followed.get(id);
    if (known) return known;
    const followed = this.untilEnd(id).finally(() => {
      this.followed.delete(id);
      this.claims.forgetBody(id);
    });
    this.followed.set(id, followed);
    return followed;
  }

  /** Follows a run whose result may not be awaited: the error of a stop is logged then. */
  resume(id: string, request?: RunRequest): void {
    this.follow(id, request).catch((error: unknown) => {
      if (!this.context.isClosed && !this.awaited.has(id))
        this.context.log.error(`run ${id} stopped: ${String(error)}`, { run: id });
    });
  }

  /** The value that the run completed with; rejects with what it failed with. */
  async result(id: string, request?: RunRequest): Promise<unknown> {
    this.awaited.add(id);
    try {
      const { status, output } = await this.follow(id, request);
      const value = this.context.values.decode(output);
      if (status === "completed") return value;
      throw value;
    } finally {
      this.awaited.delete(id);
    }
  }

  private async untilEnd(id: string): Promise<RunEnd> {
    for (;;) {
      await this.runs.claimInFlight(id)?.catch(() => {}); // the claim's own caller gets its error
      const end = await this.runs.get(id)?.ended;
      if (end?.type === "finished") return end;
      if (end?.type === "stopped") throw end.error;
      const store = await this.context.ready();
      const row = await store.getRun(id);
      if (!row) throw new PerdureError("RUN_NOT_FOUND", { run: id });
      if (hasEnded(row)) return this.endOf(row);
      if (this.runs.has(id)) continue;
      if (this.claims.mayClaim(row) && (await this.claims.claim(row))) continue;
      await this.pause(row);
    }
  }

  /** A run that was cancelled before it began has the reason in place of the error. */
  private endOf({ status, output }: RunEnd): RunEnd {
    if (status !== "cancelled") return { status, output };
    const { values } = this.context;
    const value = values.decode(output);
    if (value instanceof CancelledError) return { status, output };
    return { status, output: values.encode(new CancelledError(value), "the cancellation") };
  }

  /** Waits until the run may have changed: it is due, it is time to read it again, or it is woken. */
  private pause({ id, workflow, status, wakeAt }: RunRow): Promise<void> {
    const { clock, settings } = this.context;
    // the poller finds waiting runs that become due early, all of them with one query
    const until = status === "waiting" ? wakeAt : clock.now() + settings.pollInterval;
    const paused = this.waiters.wait(id, workflow, until);
    this.poller.start();
    return paused;
  }
}
