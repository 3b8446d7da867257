import { PerdureError } from "@perdure/protocol";
import type { RunFilter, RunRow } from "@perdure/store";
import { PAGE, type Claims } from "./claims.ts";
import type { ProcessContext } from "./context.ts";
import type { Followers } from "./followers.ts";
import type { Poller } from "./poller.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";
import type { Waiters } from "./waiters.ts";

/** What users ask of runs, wherever these are executed. */
export class Requests {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  private readonly claims: Claims;
  private readonly followers: Followers;
  private readonly waiters: Waiters;
  private readonly poller: Poller;

  constructor(
    context: ProcessContext,
    runs: RunsInMemory,
    claims: Claims,
    followers: Followers,
    waiters: Waiters,
    poller: Poller,
  ) {
    this.context = context;
    this.runs = runs;
    this.claims = claims;
    this.followers = followers;
    this.waiters = waiters;
    this.poller = poller;
  }

  /** @throws PerdureError `RUN_NOT_FOUND` */
  async row(id: string): Promise<RunRow> {
    return found(id, await (await this.context.ready()).getRun(id));
  }

  async list(filter: RunFilter): Promise<RunRow[]> {
    return (await this.context.ready()).listRuns(filter);
  }

  async complete(run: string, name: string, payload: unknown): Promise<boolean> {
    const { values, clock } = this.context;
    const encoded = values.encode(payload, `complete("${name}") was called with`);
    const store = await this.context.ready();
    const accepted = found(run, await store.deliver({ run, name, payload: encoded, now: clock.now() }));
    void this.poller.readSignals(run);
    this.waiters.wake(run);
    return accepted;
  }

  async cancel(run: string, reason: unknown): Promise<boolean> {
    const { values, clock } = this.context;
    const encoded = values.encode(reason, "cancel() was called with");
    const store = await this.context.ready();
    const accepted = found(run, await store.cancel({ run, reason: encoded, now: clock.now() }));
    const execution = this.runs.get(run);
    if (execution) execution.cancel(encoded);
    else if (accepted && !this.context.isClosed) await this.resume(run);
    return accepted;
  }

  async retry(run: string): Promise<boolean> {
    const store = await this.context.ready();
    return found(run, await store.retry({ run, now: this.context.clock.now() }));
  }

  /** Executes the run here if this program can. Wakes those that follow it. */
  async resume(run: string): Promise<void> {
    if (this.claims.requestFor(await this.row(run))) this.followers.resume(run);
    this.waiters.wake(run);
  }

  /** Resumes every run of these workflows that needs a process, and follows those that wait. Resolves with their ids. */
  async recover(workflows: readonly string[]): Promise<string[]> {
    const ids = new Set<string>();
    const resume = (id: string): void => {
      ids.add(id);
      this.followers.resume(id);
    };
    await this.claims.claimAll(workflows, resume);
    const names = this.context.settings.renames.namesBefore(workflows);
    for (let before: string | undefined; ;) {
      const page = { limit: PAGE, ...(before !== undefined && { before }) };
      const rows = await this.list({ status: "waiting", workflow: names, ...page });
      for (const row of rows) if (this.claims.requestFor(row, workflows)) resume(row.id);
      before = rows.at(-1)?.id;
      if (before === undefined) return [...ids];
    }
  }
}

/** @throws PerdureError `RUN_NOT_FOUND` where the store has no such run */
function found<T>(run: string, answer: T | undefined): T {
  if (answer === undefined) throw new PerdureError("RUN_NOT_FOUND", { run });
  return answer;
}
