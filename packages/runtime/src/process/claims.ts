import { PerdureError } from "@perdure/protocol";
import type { Claimed, Outlook, RunHead, RunRow, Store } from "@perdure/store";
import { blockKey, codeOf } from "../definitions/code.ts";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { Executables } from "../definitions/executables.ts";
import { isSuperseded } from "../definitions/registry.ts";
import { findWorkflow } from "../definitions/workflows.ts";
import type { RunRequest } from "../execution/host.ts";
import type { WorkflowPlace } from "../renames/renames.ts";
import { headlineOf } from "../values/describe.ts";
import { CodeVersions } from "./code-versions.ts";
import type { ProcessContext } from "./context.ts";
import { BackOffs } from "../config/backoff.ts";
import type { Committer } from "../storage/committer.ts";
import type { Leases } from "./leases.ts";
import { recordedStreams } from "../streams/recorded.ts";
import { knownOwners, statesOf } from "./owner.ts";
import { PAGE } from "./pages.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";

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

/** Which runs are wanted. */
interface Wanted {
  readonly workflows: readonly string[];
  /** Only those of these queues. */
  readonly queues?: readonly string[] | undefined;
  readonly limit: number;
  /** Counts the further ones up to so many. */
  readonly count?: number;
  /** Not these runs. */
  readonly except?: ReadonlySet<string>;
  /** Whether blocked runs are among them: none, those of other code, or all. */
  readonly blocked: "none" | "others" | "all";
}

/** A run that needs this process. */
export interface NextRun {
  readonly id: string;
  /** Begins to execute it. False when another process was faster. */
  begin(): Promise<boolean>;
}

interface Next {
  readonly runs: readonly NextRun[];
  /** How many others there are. */
  readonly left: number;
  readonly outlook?: Outlook;
}

/** Makes this process the owner of runs that it can execute (R5). */
export class Claims {
  private readonly context: ProcessContext;
  private readonly committer: Committer;
  private readonly runs: RunsInMemory;
  private readonly leases: Leases;
  /** Runs that stopped here over something that may pass (a store that fails), and when the next try is due. */
  private readonly backOffs: BackOffs;
  /** The latest claimed run that may have killed its process. */
  private suspect: { readonly id: string; readonly until: number } | undefined;
  /** Requests of followed runs whose callers brought the workflow's body. */
  private readonly bodies = new Map<string, RunRequest>();
  private readonly executables: Executables;
  private readonly codeVersions: CodeVersions;
  /** Until then, runs may be ours without being in memory: a call that was to claim some failed. By the monotonic clock. */
  private unsureUntil = -Infinity;
  /** Called when it is not known which runs a call has claimed. */
  onUnsure: () => void = () => {};
  /** A run that may have killed its process is perhaps being claimed. */
  private isTakingSuspect = false;
  /** The owners that the store last told of, and when, by the monotonic clock. */
  private seen: { readonly owners: readonly string[]; readonly at: number } | undefined;

  constructor(context: ProcessContext, committer: Committer, runs: RunsInMemory, leases: Leases) {
    this.context = context;
    this.committer = committer;
    this.runs = runs;
    this.leases = leases;
    this.executables = new Executables(context.settings);
    this.codeVersions = new CodeVersions(context.store);
    this.backOffs = new BackOffs(() => context.monotonic());
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
    return owner === this.context.owner && !this.runs.isTaking;
  }

  /**
   * Whether a run that may have killed its process can execute without another one of that kind beside it, so that it takes no other run with
   * it, and its attempts count against nobody else (R12). The next one waits until this one has a new checkpoint, or has left memory, or has
   * had its time.
   */
  private isAlone(id?: string): boolean {
    const { suspect } = this;
    if (this.isTakingSuspect) return false;
    if (!suspect || suspect.id === id || this.context.monotonic() >= suspect.until) return true;
    return !this.runs.has(suspect.id) || this.runs.get(suspect.id)?.hasProgressed === true;
  }

  private suspects(id: string): void {
    this.suspect = { id, until: this.context.monotonic() + SUSPECT_TIME };
  }

  /** The run stopped here over something that may pass. No worker resumes it before a while, which grows with each time in a row. */
  stopped(id: string): void {
    this.backOffs.failed(id, 1);
  }

  /** The store failed when the run was claimed, or executed. */
  notClaimed(id: string): void {
    this.backOffs.failed(id, 0, this.context.settings.lease / 3);
  }

  /** Whether a call that failed may still reach the store. */
  get isUnsure(): boolean {
    return this.context.monotonic() < this.unsureUntil;
  }

  endBackOff(id: string): void {
    this.backOffs.end(id);
  }

  /** Somebody asks for the run: the next try is due at once. */
  endWait(id: string): void {
    this.backOffs.endWait(id);
  }

  /** Milliseconds until the next try is due. */
  backOffOf(id: string): number {
    return this.backOffs.waitOf(id);
  }

  /** Claims the run and begins to execute it. False when this program cannot execute it, has just failed to, or another process was faster. */
  async claim(row: RunRow): Promise<boolean> {
    const request = this.keptRequest(row) ?? this.requestFor(row);
    if (!request || this.runs.has(row.id) || this.backOffOf(row.id) > 0 || (isSuspect(row) && !this.isAlone(row.id)))
      return false;
    return this.runs.claiming(row.id, request, () => this.claimAndExecute(row, request));
  }

  /**
   * Claims a run that this process owns and does not have in memory. No other part of this process claims, stops or blocks it meanwhile.
   * False: it is not ours, or has to wait.
   */
  async claimOurs(id: string, request: RunRequest | undefined): Promise<boolean> {
    if (this.runs.has(id) || this.backOffOf(id) > 0) return false;
    return this.runs.claiming(id, request, async () => {
      const row = await this.context.store.getRun(id);
      if (this.runs.isContended(id)) return false; // meanwhile, a call of `start` may have created it
      if (row?.owner === undefined || !this.isDropped(row.owner) || (isSuspect(row) && !this.isAlone(id))) return false;
      const known = this.keptRequest(row) ?? this.requestFor(row);
      return known !== undefined && this.claimAndExecute(row, known);
    });
  }

  private async claimAndExecute(row: RunRow, request: RunRequest): Promise<boolean> {
    const { owner, owners, settings } = this.context;
    const isFree = row.owner !== undefined && (this.isDropped(row.owner) || owners.stateOf(row.owner) === "dead");
    const from = isFree && { from: { owner: row.owner, epoch: row.epoch } };
    const leaseEndsAt = this.leases.endsAt();
    if (isSuspect(row)) this.suspects(row.id);
    const claimed = await this.committer.claim({ run: row.id, lease: { owner, ms: settings.lease }, ...from });
    if (claimed) await this.begin(claimed, request, leaseEndsAt);
    return claimed !== undefined;
  }

  /** Begins to execute a run that was just claimed. */
  private async begin({ run, from, steps, streams }: Claimed, request: RunRequest, leaseEndsAt: number): Promise<void> {
    const { clock, store, settings } = this.context;
    clock.isAtLeast(run.updatedAt);
    // the claim of a running run: its owner ended, or could not record anything
    const stops = this.backOffs.stopsOf(run.id);
    if ((from !== undefined && run.stalls > settings.maxStalls) || stops > settings.maxStalls)
      return this.block(run, request.definition, stalled(run, Math.max(run.stalls, stops)));
    try {
      const read = steps ?? (await store.steps(run.id));
      const written = streams && (await recordedStreams(store, run.id, streams));
      const versions = await this.codeVersions.of(run, request.definition);
      this.runs.execute(run, request, leaseEndsAt, read, versions, written);
    } catch (error) {
      if (!(error instanceof PerdureError) || error.code !== "STEP_UNREADABLE") throw error;
      return this.block(run, request.definition, error);
    }
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

  /** Whether something may become claimable here without a change in the store. */
  get isUnsettled(): boolean {
    return this.context.monotonic() < this.unsureUntil || this.backOffs.ids().length > 0;
  }

  /**
   * Claims the next runs that need this process. How many others there are.
   * @throws the store's error. Then it is not known what was claimed
   */
  async next(wanted: Wanted): Promise<Next> {
    if (this.isUnsure) return this.look(wanted);
    const { workflows, queues, limit, count = 0, except = [], blocked } = wanted;
    const store = await this.context.ready();
    const { owner, settings } = this.context;
    const { alive, dead } = statesOf(await this.ownersOf(store), this.context.owners);
    const executables = this.executables.of(workflows, blocked === "all");
    if (blocked !== "none") await this.reportAmbiguous(workflows);
    const stalled = this.isAlone();
    const leaseEndsAt = this.leases.endsAt();
    this.isTakingSuspect = stalled;
    try {
      const { claimed, left, outlook } = await this.runs.taking(() =>
        store.claimNext({
          outlook: true,
          executables,
          ...(queues && { queues }),
          lease: { owner, ms: settings.lease },
          limit,
          count,
          // what this process has dropped is claimed when its lease has ended
          alive: alive.filter((each) => each !== owner),
          dead,
          except: [...except, ...this.endingLeases(), ...this.backOffs.ids()],
          blocked: blocked !== "none",
          stalled,
        }),
      );
      const runs = claimed.map((each) => {
        if (each.from !== undefined && each.run.stalls > 1) this.suspects(each.run.id);
        const begun = this.runs.claiming(each.run.id, undefined, () => this.beginNext(each, leaseEndsAt));
        begun.catch(() => {}); // whoever asks gets the error
        return { id: each.run.id, begin: () => begun };
      });
      if (outlook) this.seen = { owners: outlook.owners, at: leaseEndsAt - settings.lease };
      return { runs, left, ...(outlook && { outlook }) };
    } catch (error) {
      this.unsureUntil = this.context.monotonic() + 2 * settings.lease;
      this.onUnsure();
      throw error;
    } finally {
      this.isTakingSuspect = false;
    }
  }

  /** The owners of running runs. Whose run is not among them, though a while has passed, had no lease then, and has one that lasts longer. */
  private async ownersOf(store: Store): Promise<readonly string[]> {
    const { seen } = this;
    const isRecent = seen && this.context.monotonic() - seen.at < this.context.settings.lease / 3;
    return isRecent ? seen.owners : store.owners();
  }

  /** False: its module has been replaced meanwhile. */
  private async beginNext(claimed: Claimed, leaseEndsAt: number): Promise<boolean> {
    const { run } = claimed;
    const request = this.keptRequest(run) ?? this.requestFor(run);
    this.runs.get(run.id)?.lose(); // its lease had ended
    if (request) await this.begin(claimed, request, leaseEndsAt);
    else await this.context.store.commit([{ type: "release", status: "pending", run: run.id, epoch: run.epoch }]);
    return request !== undefined;
  }

  /** The runs in memory whose leases may end before a claim that is made now reaches the store. */
  private endingLeases(): string[] {
    const soon = this.context.monotonic() + this.context.settings.lease / 2;
    return this.runs.all().flatMap(({ run, leaseEndsAt }) => (leaseEndsAt < soon ? [run.id] : []));
  }

  /** What `next` does, in two steps: finds the runs of this process that it does not have in memory as well. */
  private async look({ workflows, queues, limit, except, blocked }: Wanted): Promise<Next> {
    const isWanted = (row: RunRow): boolean =>
      !except?.has(row.id) &&
      (!queues || queues.includes(row.queue?.queue ?? "")) &&
      (blocked === "all" || !this.isBlocked(row));
    const rows = await this.claimable(workflows, isWanted, { blocked: blocked !== "none" });
    const runs = rows.slice(0, limit).map((row) => ({ id: row.id, begin: () => this.claim(row) }));
    return { runs, left: rows.length - runs.length };
  }

  /** A store is not asked for runs of which it is not clear which workflow they belong to. */
  private async reportAmbiguous(workflows: readonly string[]): Promise<void> {
    const names = this.executables.ambiguous(workflows);
    if (names.length === 0) return;
    const rows = await this.context.store.unfinished({ workflows: names, limit: PAGE, blocked: false });
    for (const row of rows) this.requestFor(row, workflows);
  }

  /**
   * Some of the runs that this program can execute, no living process executes, and `isWanted` accepts, oldest first; none if there are
   * none. Runs whose processes have ended without a new checkpoint come last.
   * @param options.blocked - false: without blocked runs
   */
  async claimable(
    workflows: readonly string[],
    isWanted: (row: RunRow) => boolean = () => true,
    { blocked = true }: { readonly blocked?: boolean } = {},
  ): Promise<RunRow[]> {
    const store = await this.context.ready();
    const names = this.context.settings.renames.namesBefore(workflows);
    const { alive, dead } = await knownOwners(store, this.context.owners);
    // this process may have dropped a run without writing so. While a call may claim runs for it, their leases have to end first
    const { owner } = this.context;
    const own = this.isDropped(owner) ? [owner] : [];
    const known = { alive: alive.filter((each) => each !== owner), dead: [...dead, ...own] };
    for (let limit = PAGE; ; limit *= 2) {
      const except = [...this.runs.ids(), ...this.backOffs.ids()];
      const rows = await store.unfinished({ workflows: names, limit, ...known, except, blocked });
      const claimable = rows.filter(
        (row) =>
          !this.runs.has(row.id) &&
          (!isSuspect(row) || this.isAlone(row.id)) &&
          isWanted(row) &&
          this.requestFor(row, workflows) !== undefined,
      );
      if (claimable.length > 0 || rows.length < limit) return claimable.sort((a, b) => a.stalls - b.stalls);
    }
  }

  /** Whether the run was stopped under the code that this program has: it would only stop again. */
  isBlocked(row: RunRow): boolean {
    const definition = row.blocked && this.requestFor(row)?.definition;
    return definition !== undefined && blockKey(codeOf(definition), this.context.settings) === row.blocked?.code;
  }
}
