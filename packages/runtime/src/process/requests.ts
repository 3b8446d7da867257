import { nextTurn, PerdureError } from "@perdure/protocol";
import type { ListedRun, RunFilter, RunRow } from "@perdure/store";
import { listeners, workflowNames } from "../definitions/registry.ts";
import { storedName } from "../values/stored-name.ts";
import { allRuns, allUnfinished, knownOwners, type Claims } from "./claims.ts";
import type { ProcessContext } from "./context.ts";
import type { Followers } from "./followers.ts";
import type { Poller } from "./poller.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";
import type { Waiters } from "./waiters.ts";

/** How many runs `recover` claims together. */
const BATCH = 100;

/** What users ask of runs, wherever these are executed. */
export class Requests {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  private readonly claims: Claims;
  private readonly followers: Followers;
  private readonly waiters: Waiters;
  private readonly poller: Poller;
  /** The workflows whose runs are recovered when their modules are loaded. Undefined: nothing has been recovered. */
  private later: "all" | Set<string> | undefined;
  /** The workflows that were loaded when that was last looked at. */
  private readonly loaded = new Set<string>();

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

  async list(filter: RunFilter): Promise<ListedRun[]> {
    return (await this.context.ready()).listRuns(filter);
  }

  /**
   * The place of the run in the list of all runs.
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async cursorOf(run: string, order: NonNullable<RunFilter["order"]>): Promise<string> {
    return found(run, (await this.list({ runs: [run], order }))[0]).cursor;
  }

  /** False: the run has ended, or waits here with a schema that refuses the payload (which is reported). */
  async complete(run: string, name: string, payload: unknown): Promise<boolean> {
    const { values } = this.context;
    const stored = storedName(name);
    const encoded = values.encode(payload, `complete("${name}") was called with`);
    const store = await this.context.ready();
    if (this.runs.get(run)?.refuses(stored, payload) === true) return false;
    const accepted = await store.deliver({ run, name: stored, payload: encoded });
    this.poller.readSignalsSoon(run);
    this.waiters.wake(run);
    return accepted;
  }

  async cancel(run: string, reason: unknown): Promise<boolean> {
    const { values } = this.context;
    const encoded = values.encode(reason, "cancel() was called with");
    const store = await this.context.ready();
    const accepted = found(run, await store.cancel({ run, reason: encoded }));
    const execution = this.runs.get(run);
    if (execution) execution.cancel(encoded);
    else if (accepted && !this.context.isClosed) await this.resume(run);
    return accepted;
  }

  /** Executes the run here if this program can. Wakes those that follow it. */
  async resume(run: string): Promise<void> {
    if (this.claims.requestFor(await this.row(run))) this.followers.resume(run);
    this.waiters.wake(run);
  }

  /**
   * Resumes every run of these workflows that no living process owns, and follows those that wait, and those whose owner may be dead: its
   * lease decides. Those of modules that are loaded later follow then. Undefined: of all workflows. Resolves with the ids of the runs.
   */
  async recover(workflows: readonly string[] | undefined): Promise<string[]> {
    const loaded = workflowNames();
    this.recoverLater(loaded, workflows); // first: a module may be loaded while the store answers
    const ids = await this.recoverNow(workflows ?? loaded);
    await this.reportUnknown(workflows);
    return ids;
  }

  /** Resumes the runs of these workflows, or of all, when their modules are loaded. */
  private recoverLater(loaded: readonly string[], workflows: readonly string[] | undefined): void {
    const isListening = this.later !== undefined;
    if (!workflows) this.later = "all";
    else if (this.later !== "all") this.later = new Set([...(this.later ?? []), ...workflows]);
    for (const name of loaded) this.loaded.add(name);
    if (isListening) return;
    let isPlanned = false;
    const recoverNew = async (): Promise<void> => {
      isPlanned = false;
      const { later } = this;
      const added = workflowNames().filter((name) => !this.loaded.has(name));
      for (const name of added) this.loaded.add(name);
      const wanted = added.filter((name) => later === "all" || later?.has(name));
      if (wanted.length > 0 && !this.context.isClosed) await this.recoverNow(wanted);
    };
    const registered = (): void => {
      if (this.context.isClosed) listeners.delete(registered);
      if (isPlanned || this.context.isClosed) return;
      isPlanned = true;
      nextTurn(() => {
        recoverNew().catch((error: unknown) => this.context.logFailure("recover() failed", error));
      }); // the rest of the module's imports is evaluated first
    };
    listeners.add(registered);
  }

  /** Reports the unfinished runs that no loaded module has the workflow of. */
  private async reportUnknown(workflows: readonly string[] | undefined): Promise<void> {
    const store = await this.context.ready();
    const rows = await allUnfinished(store, {
      ...(workflows && { workflows: this.context.settings.renames.namesBefore(workflows) }),
      ...(await knownOwners(store, this.context.owners)),
      blocked: false,
    });
    const unknown = new Map<string, RunRow[]>();
    for (const row of rows) {
      if (this.claims.canExecute(row)) continue;
      const key = `${row.file}#${row.workflow}`;
      unknown.set(key, [...(unknown.get(key) ?? []), row]);
    }
    for (const [first, ...others] of unknown.values()) {
      if (!first) continue;
      const { workflow, file } = first;
      const runs = [first, ...others].slice(0, 3).map(({ id }) => id);
      this.context.log.warn(new PerdureError("WORKFLOW_NOT_LOADED", { workflow, file, runs }).message, { workflow });
    }
  }

  /** Claims every run that needs an owner. */
  private async claimAll(workflows: readonly string[], claimed: (id: string) => void): Promise<void> {
    const begin = async (id: string, run: () => Promise<boolean>): Promise<void> => {
      try {
        if (await run()) claimed(id);
      } catch (error) {
        this.context.logFailure(`run ${id} is not resumed`, error, { run: id });
      }
    };
    const seen = new Set<string>();
    const next = async (): Promise<boolean> => {
      const { runs } = await this.claims.next({ workflows, limit: BATCH, blocked: "all", except: seen });
      for (const { id, begin: run } of runs) {
        seen.add(id);
        await begin(id, run);
      }
      return runs.length === BATCH;
    };
    try {
      while (await next());
    } catch {
      // the store may have claimed some: they are found below, if it works
    }
    // those that this process has dropped are left, and those that may kill their process
    const isNew = ({ id }: RunRow): boolean => !seen.has(id);
    for (let rows: RunRow[]; (rows = await this.claims.claimable(workflows, isNew)).length > 0;) {
      for (const row of rows) {
        seen.add(row.id);
        await begin(row.id, () => this.claims.claim(row));
      }
    }
  }

  /** Ids of the running runs that this program cannot claim yet: only the end of its owner's lease will tell whether it is dead, or others go first. */
  private async uncertain(workflows: readonly string[]): Promise<string[]> {
    const store = await this.context.ready();
    const { owners, settings } = this.context;
    const ids: string[] = [];
    for await (const row of allRuns(store, { status: "running", workflow: settings.renames.namesBefore(workflows) })) {
      const isHeld = this.runs.has(row.id) || owners.stateOf(row.owner ?? "") === "alive";
      if (!isHeld && this.claims.requestFor(row, workflows)) ids.push(row.id);
    }
    return ids;
  }

  private async recoverNow(workflows: readonly string[]): Promise<string[]> {
    const ids = new Set<string>();
    const resume = (id: string): void => {
      ids.add(id);
      this.followers.resume(id);
    };
    await this.claimAll(workflows, resume);
    for (const id of await this.uncertain(workflows)) resume(id);
    const names = this.context.settings.renames.namesBefore(workflows);
    for await (const row of allRuns(this.context.store, { status: "waiting", workflow: names })) {
      if (!this.claims.requestFor(row, workflows)) continue;
      ids.add(row.id);
      if (!this.followers.sleeps(row)) this.followers.resume(row.id);
    }
    return [...ids];
  }
}

/** @throws PerdureError `RUN_NOT_FOUND` where the store has no such run */
function found<T>(run: string, answer: T | undefined): T {
  if (answer === undefined) throw new PerdureError("RUN_NOT_FOUND", { run });
  return answer;
}
