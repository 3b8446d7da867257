import { AsyncLocalStorage } from "node:async_hooks";
import { elapsed, PerdureError } from "@perdure/protocol";
import { openStore, type Awaitable, type RunRow, type StepRow, type Store, type Write } from "@perdure/store";
import { after, systemClock } from "../config/clock.ts";
import { Failing } from "../config/failing.ts";
import type { Logger } from "../config/logger.ts";
import type { StepEvent } from "../config/events.ts";
import { StoreClock } from "../config/store-clock.ts";
import { hash } from "../crypto.ts";
import { settingsOf, type RuntimeOptions, type Settings } from "../config/settings.ts";
import { errorClassName, errorPrototypeOf } from "../definitions/error-classes.ts";
import { assertUnused } from "../definitions/workflows.ts";
import { currentScope } from "../execution/current.ts";
import type { Execution } from "../execution/execution.ts";
import type { ExecutionEnd } from "../execution/late.ts";
import type { Host, LeasedRun, RunEnd, RunRequest } from "../execution/host.ts";
import { copies } from "../process-wide.ts";
import { guarded, headlineOf } from "../values/describe.ts";
import { createCodec, versioned, type ValueStore } from "../values/codec.ts";
import { Reporter } from "../reporting/reporter.ts";
import type { ErrorClasses } from "../values/error-data.ts";
import { Claims } from "./claims.ts";
import type { ProcessContext } from "./context.ts";
import { Availability, isUnavailable } from "../storage/availability.ts";
import { boundedStore } from "../storage/bounded-store.ts";
import { Committer } from "../storage/committer.ts";
import { Followers, isOfTheStore } from "./followers.ts";
import { Leases } from "./leases.ts";
import { systemOwners, type Owners } from "./owner.ts";
import { Poller } from "./poller.ts";
import { keepRejections } from "./rejections.ts";
import { Requests } from "./requests.ts";
import { RunsInMemory } from "./runs-in-memory.ts";
import { Starter } from "./starter.ts";
import { Slots } from "../queues/slots.ts";
import { Upkeep } from "../queues/upkeep.ts";
import { workflowNames } from "../definitions/registry.ts";
import { Tails } from "../streams/tails.ts";
import { Waiters } from "./waiters.ts";

/** Milliseconds that `close` gives to running attempts. */
const CLOSE_LIMIT = 10_000;

/** Milliseconds that it gives to a store which does not answer, to take the runs back all the same. */
const LAST_TRY = 1_000;

const errorClasses: ErrorClasses = {
  nameOf: errorClassName,
  prototypeOf: (name) => errorPrototypeOf(name, currentScope()?.activations()),
};

/** A worker, as `close` knows it. */
interface Stoppable {
  /** Runs that it had no place for when it last looked. */
  readonly queued: number;
  stop(): Promise<void>;
  /** A run has left the memory of this process. */
  runEnded(): void;
  /** Something may have become claimable. */
  lookSoon(): void;
}

/** Everything of one process that works on one store: the runs in its memory, its leases, its commits. */
export class Runtime implements Host, ProcessContext {
  /** The store's. */
  readonly clock: StoreClock;
  readonly values: ValueStore;
  readonly settings: Settings;
  readonly log: Logger;
  readonly owner: string;
  readonly owners: Owners;
  readonly store: Store;
  readonly committer: Committer;
  readonly runs: RunsInMemory;
  readonly claims: Claims;
  readonly followers: Followers;
  readonly starter: Starter;
  readonly requests: Requests;
  readonly slots: Slots;
  readonly tails: Tails;
  readonly upkeep: Upkeep;

  private readonly reporter: Reporter;
  private readonly availability: Availability;
  private readonly waiters: Waiters;
  private readonly poller: Poller;
  private readonly leases: Leases;
  /** `close` stops them. */
  readonly workers = new Set<Stoppable>();
  /** Ends the keeping of unhandled rejections. */
  private endKeeping: (() => void) | undefined;
  private opened: Promise<void> | undefined;
  private readonly opening = new Failing();
  /** Errors because of which the store could not be opened. */
  private readonly notOpened = new WeakSet<object>();
  /** Stands for the store's clock, in tests. */
  private readonly storeTime: (() => number) | undefined;
  private endGauges: (() => void) | undefined;
  private endWatch: (() => void) | undefined;
  private closed = false;
  /** How many copies of this package the log has reported. One is normal. */
  private reportedCopies = 1;

  readonly executes: boolean;

  /**
   * @param owners - what this process knows of the owners of runs
   * @param executes - false: for reading and steering alone
   */
  constructor(options: RuntimeOptions = {}, owners: Owners = systemOwners, executes = true) {
    this.owners = owners;
    this.executes = executes;
    this.owner = owners.create();
    const { clock = systemClock } = options;
    this.clock = new StoreClock(clock, clock.monotonic?.bind(clock) ?? elapsed);
    this.storeTime = options.clock && (() => clock.now());
    this.values = versioned(options.codec ?? createCodec(options.classes, errorClasses));
    this.settings = settingsOf(options);
    assertUnused(this.settings.renames);
    this.reporter = new Reporter(options, this.clock, this, AsyncLocalStorage.snapshot());
    this.log = this.reporter.log;
    const store = options.store ?? process.env["PERDURE_STORE"] ?? "sqlite:perdure.db";
    const given = typeof store === "string" ? openStore(store, { durability: options.durability ?? "full" }) : store;
    const monotonic = (): number => this.monotonic();
    this.availability = new Availability(given.name, this.clock, monotonic, {
      longestWait: this.settings.lease / 3,
      spread: spreadOf(this.owner),
      log: this.log,
    });
    this.store = boundedStore(given, this.settings.storeTimeout, this.clock, this.availability);
    const { availability } = this;
    this.committer = new Committer(this.store, { availability, monotonic, onCommit: this.reporter.onCommit });
    this.waiters = new Waiters(this.clock);
    this.tails = new Tails(this);
    this.slots = new Slots(this);
    this.slots.workflows = () => (this.executes ? this.settings.renames.namesBefore(workflowNames()) : []);
    this.slots.onOffer = (run, isNew) => this.mayClaim(run, isNew);
    this.slots.onUse = () => (this.endWatch = this.watchStore(() => this.slots.look()));
    this.upkeep = new Upkeep(this, this.slots);
    const leases = new Leases(this, (time) => this.committer.unansweredSince(time));
    this.leases = leases;
    this.runs = new RunsInMemory(this, this, {
      begun: (execution) => this.begun(execution),
      ended: (execution, end) => this.ended(execution, end),
      unsure: (id, request, error) => isOfTheStore(error) && this.unsure(id, request),
    });
    this.poller = new Poller(this, this.runs, this.waiters, leases, this.upkeep);
    this.claims = new Claims(this, this.committer, this.runs, leases);
    this.followers = new Followers(this, this.runs, this.claims, this.waiters, this.poller);
    this.starter = new Starter(this, this.committer, this.runs, this.followers, leases, this.slots, options.seed);
    this.requests = new Requests(this, this.runs, this.claims, this.followers, this.waiters, this.poller);
  }

  /** Whether the store has been opened. */
  get isUsed(): boolean {
    return this.opened !== undefined;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  async ready(): Promise<Store> {
    this.assertOpen();
    this.opened ??= this.openStore().catch((error: unknown) => {
      this.opened = undefined; // the next call tries again
      throw error;
    });
    await this.opened;
    this.keepTime();
    this.assertOpen();
    this.reportCopies();
    this.endGauges ??= this.reporter.opened({
      queued: () => [...this.workers].reduce((sum, { queued }) => sum + queued, 0),
      countRuns: () => this.store.countRuns(),
      queues: () => this.store.queues?.() ?? [],
    });
    return this.store;
  }

  private async openStore(): Promise<void> {
    try {
      await this.store.open({ now: this.storeTime });
      await this.clock.begin(() => this.store.time());
    } catch (error) {
      this.notOpened.add(error as object);
      throw error;
    }
    if (this.opening.works()) this.log.warn(`the store ${this.store.name} can be opened again`, {});
  }

  keepTime(): void {
    this.clock.keep(() => this.store.time());
  }

  private assertOpen(): void {
    if (this.closed) throw new PerdureError("RUNTIME_CLOSED", {});
  }

  private reportCopies(): void {
    if (copies.size <= this.reportedCopies) return;
    this.reportedCopies = copies.size;
    this.log.warn(new PerdureError("RUNTIME_TWICE", { places: [...copies] }).message, {});
  }

  // --- what executions ask for

  commit(write: Write, done: (isOwned: boolean | undefined, error?: unknown) => void): void {
    const frees = write.type === "finish" || write.type === "release" || (write.type === "step" && "leaves" in write);
    this.committer.add(write, frees && this.slots.isInUse ? this.freeing(done) : done);
  }

  /** `done`, after which others may take a slot. */
  private freeing<D extends (isOwned: boolean | undefined, error?: unknown) => void>(done: D): D {
    return ((isOwned, error) => {
      done(isOwned, error);
      this.slots.freed();
    }) as D;
  }

  /** A run may take a slot. @param isNew - workers look for it before the next poll; a run that is another process's would keep them looking */
  private mayClaim(run: string, isNew: boolean): void {
    this.waiters.wake(run);
    if (isNew) for (const worker of this.workers) worker.lookSoon();
  }

  report(error: PerdureError, run: RunRow): void {
    this.reporter.problem(error, run);
  }

  hears(event: StepEvent): boolean {
    return this.reporter.hears(event);
  }

  emit(event: StepEvent, run: RunRow, row: StepRow): void {
    this.reporter.step(event, run, row);
  }

  begin(request: RunRequest): Promise<string> {
    return Promise.resolve(this.untilAnswered(() => this.starter.begin(request)));
  }

  follow(run: string, request?: RunRequest): Promise<RunEnd> {
    return this.followers.follow(run, request);
  }

  cancel(run: string, reason: unknown): Promise<boolean> {
    return Promise.resolve(this.untilAnswered(() => this.requests.cancel(run, reason)));
  }

  isHere(run: string): boolean {
    return this.runs.get(run) !== undefined; // nobody hears how a claim that is in flight ends
  }

  isElsewhere(run: string, orHere = false): boolean {
    return (orHere || !this.runs.has(run)) && !this.followers.isReading(run);
  }

  readSignals(run: string): Promise<void> {
    return this.poller.readSignals(run);
  }

  monotonic(): number {
    return this.clock.monotonic();
  }

  renew(run: LeasedRun): Promise<void> {
    return Promise.resolve(this.untilAnswered(() => this.leases.renewOne(run)));
  }

  untilAnswered<T>(call: () => Awaitable<T>): Awaitable<T> {
    return this.availability.untilAnswered(call);
  }

  logFailure(what: string, error: unknown, fields: Record<string, unknown> = {}): void {
    if (isUnavailable(error)) return;
    const isOpening = this.notOpened.has(error as object);
    // several parts of this process need the store, and each tries again
    if (isOpening && !this.opening.isNews(error)) return;
    const code = error instanceof PerdureError && { code: error.code };
    this.log.error(`${isOpening ? "the store cannot be opened" : what}: ${headlineOf(error)}`, { ...fields, ...code });
  }

  watchStore(changed: () => void): () => void {
    let end: (() => void) | undefined;
    let isOver = false;
    this.ready().then(
      (store) => {
        if (!isOver && !this.closed) end = guarded(() => store.watch?.(changed), undefined);
      },
      () => {}, // whoever reads the store gets the error
    );
    return () => {
      isOver = true;
      end?.();
      end = undefined;
    };
  }

  /** Resolves when something of the run may have changed. @param hasFound - something had, after the latest time */
  changeOf(run: string, hasFound: boolean): Promise<void> {
    return this.poller.changeOf(run, hasFound);
  }

  private begun({ run }: Execution): void {
    if (run.queue) this.slots.use();
    this.endKeeping ??= keepRejections();
    this.poller.start();
    this.reporter.run(run, { type: run.epoch === 1 ? "started" : "resumed" });
  }

  /** The store failed in a call that was to make the run ours. */
  private unsure(id: string, request: RunRequest | undefined): void {
    this.claims.notClaimed(id);
    this.followers.lookAfter(id, request);
  }

  private ended({ run, hasProgressed }: Execution, end: ExecutionEnd): void {
    if (end.type === "stopped" && isUnavailable(end.error)) this.claims.notClaimed(run.id);
    else if (end.type === "stopped") this.claims.stopped(run.id);
    else if (end.type === "lost" && !hasProgressed) this.claims.notClaimed(run.id);
    else this.claims.endBackOff(run.id);
    // what is dropped at the end of this process is lost to nobody
    if (end.type !== "lost" || !this.closed) this.reporter.run(run, detailsOf(end));
    if (end.type === "lost" || (end.type === "stopped" && isOfTheStore(end.error))) this.followers.lookAfter(run.id);
    for (const worker of this.workers) worker.runEnded();
    this.tails.runChanged(run.id);
    this.waiters.wake(run.id);
    if (run.parent !== undefined) this.waiters.wake(run.parent);
  }

  // --- the end

  /** Stops the workers, lets running attempts finish (for ten seconds at most), gives the runs back, and closes the store. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const stopped = [...this.workers].map((worker) => worker.stop());
    const drained = Promise.all([...stopped, this.runs.drain()]).then(() => this.runs.drain()); // a worker may have claimed one more
    await this.atMost(CLOSE_LIMIT, drained);
    for (const execution of this.runs.all()) execution.giveBack();
    await this.atMost(this.availability.isAvailable ? CLOSE_LIMIT : LAST_TRY, this.committer.flush());
    this.kill();
    if (this.opened) {
      await this.opened.catch(() => {});
      await this.store.close();
    }
  }

  /** Drops all runs without writing anything, as a crash would. The store stays open. */
  kill(): void {
    this.closed = true;
    this.owners.end(this.owner);
    this.availability.end();
    this.poller.stop();
    this.endWatch?.();
    this.endKeeping?.();
    this.endKeeping = undefined;
    this.endGauges?.();
    this.endGauges = undefined;
    for (const execution of this.runs.all()) execution.lose();
    this.waiters.sleepers.clear();
    this.waiters.wakeAll();
    this.tails.close();
  }

  /** Resolves with `work`, or after `milliseconds` without it. */
  private async atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
    let cancelTimer: (() => void) | undefined;
    const limit = new Promise<void>((resolve) => (cancelTimer = after(this.clock, milliseconds, resolve)));
    await Promise.race([work, limit]);
    cancelTimer?.();
  }
}

/** A number from 0 to 1, another one for each owner. */
const spreadOf = (owner: string): number => Number.parseInt(hash("sha1", owner, "hex").slice(0, 8), 16) / 2 ** 32;

/** What the end of an execution says of its run. */
function detailsOf(end: ExecutionEnd): Parameters<Reporter["run"]>[1] {
  switch (end.type) {
    case "finished": {
      const { status: type, output, failedAt } = end;
      if (type === "completed") return { type };
      const at = failedAt && {
        step: failedAt.id,
        ...(failedAt.location !== undefined && { location: failedAt.location }),
      };
      return { type, output, ...at };
    }
    case "released":
      return { type: "released", ...(end.wakeAt !== undefined && { wakeAt: new Date(end.wakeAt) }) };
    case "stopped":
      return { type: isOfTheStore(end.error) ? "stopped" : "blocked", error: end.error };
    case "lost":
      return { type: "lost" };
  }
}
