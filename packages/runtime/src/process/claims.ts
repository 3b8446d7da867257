import { PerdureError } from "@perdure/protocol";
import type { RunFilter, RunHead, RunRow, Store, UnfinishedFilter } from "@perdure/store";
import { blockKey, codeOf } from "../definitions/code.ts";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { isSuperseded } from "../definitions/registry.ts";
import { findWorkflow } from "../definitions/workflows.ts";
import type { RunRequest } from "../execution/host.ts";
import { earlierCodeVersions } from "../history/code-spans.ts";
import type { WorkflowPlace } from "../renames/renames.ts";
import { headlineOf } from "../values/describe.ts";
import type { ProcessContext } from "./context.ts";
import { backoffAfter } from "../config/backoff.ts";
import type { Committer } from "../storage/committer.ts";
import type { Leases } from "./leases.ts";
import type { Owners, OwnerState } from "./owner.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";

/** Every run that needs an owner, however many there are. */
export async function allUnfinished(store: Store, filter: Omit<UnfinishedFilter, "limit">): Promise<RunRow[]> {
  for (let limit = PAGE; ; limit *= 10) {
    const rows = await store.unfinished({ ...filter, limit });
    if (rows.length < limit) return rows;
  }
}

/** Every run of the filter, page by page. */
export async function* allRuns(store: Store, filter: Omit<RunFilter, "limit" | "after">): AsyncGenerator<RunHead> {
  for (let after: string | undefined; ;) {
    const page = { limit: PAGE, ...(after !== undefined && { after }) };
    const rows = await store.listRuns({ ...filter, ...page });
    yield* rows;
    after = rows.at(-1)?.cursor;
    if (after === undefined) return;
  }
}

/** What this process knows of the owners of running runs. */
export async function knownOwners(
  store: Store,
  owners: Owners,
): Promise<Required<Pick<UnfinishedFilter, "alive" | "dead">>> {
  const all = (await store.owners()).map((owner) => ({ owner, state: owners.stateOf(owner) }));
  const are = (wanted: OwnerState): string[] => all.flatMap(({ owner, state }) => (state === wanted ? [owner] : []));
  return { alive: are("alive"), dead: are("dead") };
}

/** How many runs one query of the store returns. */
export const PAGE = 1000;

/** The workflow that a run was recorded for. */
export const placeOf = ({ workflow, file }: Pick<RunRow, "workflow" | "file">): WorkflowPlace => ({
  name: workflow,
  file,
});

/** Milliseconds that a run which may have killed its process executes without another one of that kind. */
const SUSPECT_TIME = 10_000;

/** Its process has died before, and the one before that, without a new checkpoint in between. */
const isSuspect = ({ status, stalls }: RunRow): boolean => status === "running" && stalls > 0;

const stalled = ({ id, workflow }: RunRow, times: number): PerdureError =>
  new PerdureError("RUN_KEEPS_FAILING", { run: id, workflow, times });

/** How often in a row a run failed here, how often of these it stopped, and when the next try is due. */
interface BackOff {
  readonly failures: number;
  readonly stops: number;
  readonly until: number;
}

/** Makes this process the owner of runs that it can execute (R5). */
export class Claims {
  private readonly context: ProcessContext;
  private readonly committer: Committer;
  private readonly runs: RunsInMemory;
  private readonly leases: Leases;
  /** Runs that stopped here over something that may pass (a store that fails), and when the next try is due. */
  private readonly backOffs = new Map<string, BackOff>();
  /** The latest claimed run that may have killed its process. */
  private suspect: { readonly id: string; readonly until: number } | undefined;
  /** Requests of followed runs whose callers brought the workflow's body. */
  private readonly bodies = new Map<string, RunRequest>();

  constructor(context: ProcessContext, committer: Committer, runs: RunsInMemory, leases: Leases) {
    this.context = context;
    this.committer = committer;
    this.runs = runs;
    this.leases = leases;
  }

  /** Keeps the body that a caller brought, for the next claim of the run, unless the one from an earlier caller is as good. */
  keepBody(id: string, request: RunRequest): void {
    const kept = this.bodies.get(id);
    if (request.body && (!kept || isSuperseded(kept.definition))) this.bodies.set(id, request);
  }

  forgetBody(id: string): void {
    this.bodies.delete(id);
  }

  /** Whether the run may need this process: it is due, pending, or its owner does not live as far as is known. The claim itself decides. */
  mayClaim(row: RunRow): boolean {
    const { status, wakeAt, owner, leaseUntil, inLine } = row;
    const now = this.context.clock.now();
    if (inLine) return false;
    if (isSuspect(row) && !this.isAlone(row.id)) return false;
    if (status === "waiting") return wakeAt !== undefined && wakeAt <= now;
    if (status === "pending" || owner === undefined || this.isDropped(owner)) return true;
    const state = this.context.owners.stateOf(owner);
    return state === "dead" || (state === "unknown" && (leaseUntil ?? 0) < now);
  }

  /** Whether the owner is this process. It does not have the run in memory any more: a store that failed made it drop the run. */
  private isDropped(owner: string): boolean {
    return owner === this.context.owner;
  }

  /**
   * Whether a run that may have killed its process can execute without another one of that kind beside it, so that it takes no other run with
   * it, and its attempts count against nobody else (R12). The next one waits until this one has a new checkpoint, or has left memory, or has
   * had its time.
   */
  private isAlone(id: string): boolean {
    const { suspect } = this;
    if (!suspect || suspect.id === id || this.context.monotonic() >= suspect.until) return true;
    return !this.runs.has(suspect.id) || this.runs.get(suspect.id)?.hasProgressed === true;
  }

  /** The run stopped here over something that may pass. No worker resumes it before a while, which grows with each time in a row. */
  stopped(id: string): void {
    this.backOff(id, 1);
  }

  /** The run could not be claimed: the store failed. */
  notClaimed(id: string): void {
    this.backOff(id, 0);
  }

  private backOff(id: string, stops: 0 | 1): void {
    const before = this.backOffs.get(id) ?? { failures: 0, stops: 0 };
    const failures = before.failures + 1;
    this.backOffs.set(id, {
      failures,
      stops: before.stops + stops,
      until: this.context.monotonic() + backoffAfter(failures),
    });
  }

  endBackOff(id: string): void {
    this.backOffs.delete(id);
  }

  private backingOff(): string[] {
    return [...this.backOffs.keys()].filter((id) => this.isBackingOff(id));
  }

  private isBackingOff(id: string): boolean {
    return this.backOffOf(id) > 0;
  }

  /** Milliseconds until the next try is due. */
  backOffOf(id: string): number {
    return Math.max(0, (this.backOffs.get(id)?.until ?? -Infinity) - this.context.monotonic());
  }

  /** Claims the run and begins to execute it. False when this program cannot execute it, or another process was faster. */
  async claim(row: RunRow): Promise<boolean> {
    const request = this.keptRequest(row) ?? this.requestFor(row);
    if (!request || this.runs.has(row.id) || (isSuspect(row) && !this.isAlone(row.id))) return false;
    return this.runs.claiming(row.id, request, () => this.claimAndExecute(row, request));
  }

  /**
   * Claims a run that this process owns and does not have in memory. No other part of this process claims, stops or blocks it meanwhile.
   * False: it is not ours, or has to wait.
   */
  async claimOurs(id: string, request: RunRequest | undefined): Promise<boolean> {
    if (this.runs.has(id) || this.isBackingOff(id)) return false;
    return this.runs.claiming(id, request, async () => {
      const row = await this.context.store.getRun(id);
      if (this.runs.isContended(id)) return false; // meanwhile, a call of `start` may have created it
      if (row?.owner !== this.context.owner || (isSuspect(row) && !this.isAlone(id))) return false;
      const known = this.keptRequest(row) ?? this.requestFor(row);
      return known !== undefined && this.claimAndExecute(row, known);
    });
  }

  private async claimAndExecute(row: RunRow, request: RunRequest): Promise<boolean> {
    const { clock, store, owner, owners, settings } = this.context;
    const isFree = row.owner !== undefined && (this.isDropped(row.owner) || owners.stateOf(row.owner) === "dead");
    const from = isFree && { from: { owner: row.owner, epoch: row.epoch } };
    const leaseEndsAt = this.leases.endsAt();
    if (isSuspect(row)) this.suspect = { id: row.id, until: this.context.monotonic() + SUSPECT_TIME };
    const answer = await this.committer.claim({ run: row.id, lease: { owner, ms: settings.lease }, ...from });
    if (!answer) return false;
    const { run: claimed } = answer;
    clock.isAtLeast(claimed.updatedAt);
    // the claim of a running run: its owner ended, or could not record anything
    const stops = this.backOffs.get(row.id)?.stops ?? 0;
    if ((row.status === "running" && claimed.stalls > settings.maxStalls) || stops > settings.maxStalls)
      return this.block(claimed, request.definition, stalled(claimed, Math.max(claimed.stalls, stops)));
    try {
      const steps = answer.steps ?? (await store.steps(row.id));
      this.runs.execute(claimed, request, leaseEndsAt, steps, await this.codeVersions(claimed, request.definition));
    } catch (error) {
      if (!(error instanceof PerdureError) || error.code !== "STEP_UNREADABLE") throw error;
      return this.block(claimed, request.definition, error);
    }
    return true;
  }

  /** Lets go of a run that this program cannot continue, and throws the reason. */
  private async block(run: RunRow, definition: WorkflowDefinition, error: PerdureError): Promise<never> {
    const { store, settings } = this.context;
    const blocked = { error: error.code, message: error.message, code: blockKey(codeOf(definition), settings) };
    const release = {
      type: "release",
      status: "pending",
      run: run.id,
      epoch: run.epoch,
      blocked,
    } as const;
    await store.commit([release]);
    this.endBackOff(run.id); // whoever asks for the run again gets another try
    throw error;
  }

  /** The recorded manifests of the code versions that ran the run's older steps, by fingerprint. */
  private async codeVersions(run: RunRow, definition: WorkflowDefinition): Promise<ReadonlyMap<string, string>> {
    const versions = earlierCodeVersions(run, codeOf(definition).fingerprint);
    const found = await Promise.all(
      versions.map(async (version) => [version, await this.context.store.getCode(version)] as const),
    );
    return new Map(found.flatMap(([version, modules]) => (modules === undefined ? [] : [[version, modules]])));
  }

  /** Whether this program can execute the run at all. */
  canExecute(row: RunRow): boolean {
    return (this.keptRequest(row) ?? this.requestFor(row)) !== undefined;
  }

  /** The request of a caller. A workflow whose module was evaluated again is executed with the newer code, if that has it. */
  private keptRequest(row: RunRow): RunRequest | undefined {
    const kept = this.bodies.get(row.id);
    return kept && isSuperseded(kept.definition) ? (this.requestFor(row) ?? kept) : kept;
  }

  /**
   * How to execute a run by its workflow's name. Undefined where no loaded module has the workflow, or its name is not one of `wanted`.
   */
  requestFor(row: RunHead, wanted?: readonly string[]): RunRequest | undefined {
    if (!this.context.executes) return undefined;
    try {
      const definition = findWorkflow(placeOf(row), this.context.settings.renames);
      if (!definition?.fn) return undefined;
      if (wanted && !wanted.includes(definition.info.name) && !wanted.includes(row.workflow)) return undefined;
      return { definition, args: [], id: row.id };
    } catch (error) {
      this.context.log.error(`run ${row.id} is not resumed: ${headlineOf(error)}`, { run: row.id });
      return undefined;
    }
  }

  /**
   * Some of the runs that this program can execute, no living process executes, and `isWanted` accepts, oldest first; none if there are
   * none. Runs whose processes have ended without a new checkpoint come last.
   * @param options.blocked - false: without blocked runs
   * @param options.page - how many rows the first query reads at most
   */
  async claimable(
    workflows: readonly string[],
    isWanted: (row: RunRow) => boolean = () => true,
    { blocked = true, page = PAGE }: { readonly blocked?: boolean; readonly page?: number } = {},
  ): Promise<RunRow[]> {
    const store = await this.context.ready();
    const names = this.context.settings.renames.namesBefore(workflows);
    const { alive, dead } = await knownOwners(store, this.context.owners);
    // this process may have dropped a run without writing so
    const known = { alive, dead: [...dead, this.context.owner] };
    for (let limit = page; ; limit *= 2) {
      const except = [...this.runs.ids(), ...this.backingOff()];
      const rows = await store.unfinished({ workflows: names, limit, ...known, except, blocked });
      const claimable = rows.filter(
        (row) =>
          !this.runs.has(row.id) &&
          (!isSuspect(row) || this.isAlone(row.id)) &&
          isWanted(row) &&
          this.requestFor(row, workflows) !== undefined,
      );
      // others may stand behind runs that have killed their processes
      const isEnough = claimable.length > 0 && (limit >= PAGE || !claimable.some(isSuspect));
      if (isEnough || rows.length < limit) return claimable.sort((a, b) => a.stalls - b.stalls);
    }
  }

  /** Claims every claimable run. Resolves with their ids. */
  async claimAll(workflows: readonly string[], claimed: (id: string) => void): Promise<void> {
    const seen = new Set<string>();
    const isNew = ({ id }: RunRow): boolean => !seen.has(id);
    for (
      let rows = await this.claimable(workflows, isNew);
      rows.length > 0;
      rows = await this.claimable(workflows, isNew)
    ) {
      for (const row of rows) {
        seen.add(row.id);
        try {
          if (await this.claim(row)) claimed(row.id);
        } catch (error) {
          this.context.logFailure(`run ${row.id} is not resumed`, error, { run: row.id });
        }
      }
    }
  }

  /** Ids of the running runs that this program cannot claim yet: only the end of its owner's lease will tell whether it is dead, or others go first. */
  async uncertain(workflows: readonly string[]): Promise<string[]> {
    const store = await this.context.ready();
    const { owners, settings } = this.context;
    const ids: string[] = [];
    for await (const row of allRuns(store, { status: "running", workflow: settings.renames.namesBefore(workflows) }))
      if (!this.runs.has(row.id) && owners.stateOf(row.owner ?? "") !== "alive" && this.requestFor(row, workflows))
        ids.push(row.id);
    return ids;
  }

  /** Claims a run and executes it until it ends, waits, or stops. False when another process was faster. */
  async executeOnce(row: RunRow): Promise<boolean> {
    if (!(await this.claim(row))) return false;
    await this.runs.get(row.id)?.ended;
    return true;
  }

  /** Whether the run was stopped under the code that this program has: it would only stop again. */
  isBlocked(row: RunRow): boolean {
    const definition = row.blocked && this.requestFor(row)?.definition;
    return definition !== undefined && blockKey(codeOf(definition), this.context.settings) === row.blocked?.code;
  }
}
