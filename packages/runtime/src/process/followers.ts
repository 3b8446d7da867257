import { PerdureError } from "@perdure/protocol";
import { hasEnded, isFinal, type RunHead, type RunRow } from "@perdure/store";
import type { RunEnd, RunRequest } from "../execution/host.ts";
import { CancelledError } from "../values/errors.ts";
import { isUnavailable } from "../storage/availability.ts";
import { backoffAfter } from "../config/backoff.ts";
import type { Claims } from "./claims.ts";
import { allRuns, PAGE } from "./pages.ts";
import type { ProcessContext } from "./context.ts";
import { knownOwners } from "./owner.ts";
import type { Poller } from "./poller.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";
import type { Waiters } from "./waiters.ts";

/**
 * How often in a row the store may fail before a caller that awaits a result gets its error: for about two minutes. A store that does not answer has
 * no such limit.
 */
const MOST_FAILURES = 12;

/** How many of the runs without callers are looked at in one poll, to see which have ended in other processes. */
const SAMPLE = 100;

/** Whether the store failed, which may pass. Its own errors have codes of Perdure; those of other stores may be any. */
export const isOfTheStore = (error: unknown): boolean =>
  !(error instanceof PerdureError) || /^(?:STORE|SQLITE)_/.test(error.code);

/** Follows runs to their ends, in whichever process they are executed. */
export class Followers {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  private readonly claims: Claims;
  private readonly waiters: Waiters;
  private readonly poller: Poller;
  /** Undefined in place of the end: the run waits, and nobody awaits it here. */
  private readonly tracked = new Map<string, Promise<RunEnd | undefined>>();
  /** How many callers await the end of a run. */
  private readonly callers = new Map<string, number>();
  /** Runs whose results are awaited here: a caller gets the error of a stop, so it is not logged. */
  private readonly awaited = new Set<string>();
  /** Errors that stopped an execution: the log has them. */
  private readonly inLog = new WeakSet<object>();
  private readonly reading = new Set<string>();
  /** Runs that may be ours without being in memory, and how often each was looked at. */
  private readonly lookedAfter = new Map<string, number>();
  private isLooking = false;
  /** Runs whose missing workflow is reported. */
  private readonly unknown = new Set<string>();

  constructor(context: ProcessContext, runs: RunsInMemory, claims: Claims, waiters: Waiters, poller: Poller) {
    this.context = context;
    this.runs = runs;
    this.claims = claims;
    this.waiters = waiters;
    this.poller = poller;
    waiters.sleepers.onWake = (id) => this.resume(id);
    claims.onUnsure = () => void this.lookForClaimed();
    poller.wakeSleepers = (isHint) => this.wakeSleepers(isHint);
  }

  /**
   * Resolves when the run has ended. Executes it here when no living process does.
   * @throws the error that stopped the run; PerdureError `RUN_NOT_FOUND`, `RUNTIME_CLOSED`
   */
  async follow(id: string, request?: RunRequest): Promise<RunEnd> {
    this.callers.set(id, (this.callers.get(id) ?? 0) + 1);
    this.isAskedFor(id);
    try {
      for (;;) {
        const end = await this.track(id, request);
        if (end) return end;
      }
    } finally {
      const others = (this.callers.get(id) ?? 1) - 1;
      if (others > 0) this.callers.set(id, others);
      else this.callers.delete(id);
    }
  }

  /** Whoever asks for a run that failed here gets another try at once. */
  private isAskedFor(id: string): void {
    if (!this.tracked.has(id)) this.claims.endWait(id);
  }

  /** Resolves when the run has ended, or waits outside of memory and nobody awaits it here: it is one of the sleepers then. */
  private track(id: string, request?: RunRequest, isAgain = false): Promise<RunEnd | undefined> {
    this.waiters.sleepers.delete(id);
    if (request) this.claims.keepBody(id, request);
    const known = this.tracked.get(id);
    if (known) {
      // looks at once, unless the store fails: the run may have ended since the latest poll, or only this caller can execute it
      if (!this.reading.has(id)) this.waiters.wake(id);
      return known;
    }
    const tracked = this.untilEnd(id, isAgain).finally(() => this.tracked.get(id) === tracked && this.forget(id));
    this.tracked.set(id, tracked);
    return tracked;
  }

  private forget(id: string): void {
    this.tracked.delete(id);
    this.reading.delete(id);
    this.claims.forgetBody(id);
  }

  /**
   * Follows a run whose result may not be awaited: the error of a stop is logged then. A run that stopped because the store failed is resumed
   * after a while, which grows; the store counts how often (S12).
   */
  resume(id: string, request?: RunRequest, failures = 0): void {
    if (failures === 0) this.isAskedFor(id);
    this.track(id, request, failures > 0).catch((error: unknown) => {
      this.logStop(id, error);
      if (this.context.isClosed || !isOfTheStore(error)) return;
      const { clock } = this.context;
      clock.at(clock.now() + backoffAfter(failures + 1), () => this.resume(id, request, failures + 1), true);
    });
  }

  /**
   * The store failed in a call that was to make the run ours, or while the run was executed. So it may be ours, and others leave it to this
   * process for as long as that lives (R5). Looks again and again until the store has answered for about two minutes, because a call may reach it late.
   */
  lookAfter(id: string, request?: RunRequest): void {
    const isLookedAfter = this.lookedAfter.has(id);
    this.lookedAfter.set(id, 0);
    if (!isLookedAfter) this.lookLater(id, request);
  }

  private lookLater(id: string, request: RunRequest | undefined): void {
    const looks = (this.lookedAfter.get(id) ?? 0) + 1;
    this.lookedAfter.set(id, looks);
    if (looks > MOST_FAILURES || this.context.isClosed) return void this.lookedAfter.delete(id);
    const { clock } = this.context;
    const at = clock.now() + Math.max(backoffAfter(looks), this.claims.backOffOf(id));
    clock.at(at, () => void this.look(id, request), true);
  }

  private async look(id: string, request: RunRequest | undefined): Promise<void> {
    if (request) this.claims.keepBody(id, request);
    let isClaimed = false;
    try {
      isClaimed = !this.context.isClosed && (await this.claims.claimOurs(id, request));
    } catch (error) {
      if (isUnavailable(error)) this.lookedAfter.set(id, Math.min(this.lookedAfter.get(id) ?? 0, MOST_FAILURES - 1));
    }
    if (!isClaimed) return this.lookLater(id, request);
    this.lookedAfter.delete(id);
    this.track(id, request).catch((error: unknown) => this.logStop(id, error));
  }

  /** The store failed in a call that was to claim runs which it chooses. Looks for those that are ours without being in memory, until no such call can arrive any more. */
  private async lookForClaimed(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const { clock } = this.context;
    for (let looks = 1, isLast = false; !isLast; looks++) {
      await new Promise<void>((resolve) => clock.at(clock.now() + backoffAfter(looks), resolve, true));
      if (this.context.isClosed) return;
      isLast = !this.claims.isUnsure;
      try {
        await this.lookAfterOurs();
      } catch {
        isLast = false; // the store still fails
      }
    }
    this.isLooking = false;
  }

  private async lookAfterOurs(): Promise<void> {
    const { owner, store } = this.context;
    for await (const run of allRuns(store, { status: "running" }))
      if (run.owner === owner && !this.runs.has(run.id) && !this.lookedAfter.has(run.id)) this.lookAfter(run.id);
  }

  private logStop(id: string, error: unknown): void {
    if (this.context.isClosed || this.awaited.has(id) || this.inLog.has(error as object)) return;
    this.context.logFailure(`run ${id} stopped`, error, { run: id });
  }

  /** Whether somebody awaits the result of a run here. */
  get hasAwaited(): boolean {
    return this.awaited.size > 0;
  }

  private logged(error: unknown): unknown {
    if (typeof error === "object" && error !== null) this.inLog.add(error);
    return error;
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

  /** @param isAgain - it stopped here, and nobody has asked for it since */
  private async untilEnd(id: string, isAgain: boolean): Promise<RunEnd | undefined> {
    for (let failures = 0; ;) {
      await this.runs.claimInFlight(id)?.catch(() => {}); // the claim's own caller gets its error
      const end = await this.runs.get(id)?.ended;
      if (end?.type === "finished") return end;
      if (end?.type === "stopped" && !isUnavailable(end.error)) throw this.logged(end.error);
      // a store that refuses what its own steps lead to would be asked without end
      if (end && !this.context.isClosed)
        await this.waiters.wait(id, this.context.clock.now() + this.claims.backOffOf(id));
      try {
        const found = await this.lookAt(id, isAgain);
        if (found === "rests") return undefined;
        if (found) return found;
        failures = 0;
      } catch (error) {
        if (this.context.isClosed || !isOfTheStore(error)) throw error;
        if (++failures >= MOST_FAILURES && this.awaited.has(id) && !isUnavailable(error)) throw error;
        this.context.logFailure(`run ${id} cannot be read`, error, { run: id });
        this.reading.add(id);
        await this.waiters.wait(id, this.context.clock.now() + backoffAfter(failures));
      }
    }
  }

  /** Reads the run: gives its end, executes it here, or waits until it may have changed. */
  private async lookAt(id: string, isAgain: boolean): Promise<RunEnd | "rests" | undefined> {
    const row = await this.read(id);
    if (!row) throw new PerdureError("RUN_NOT_FOUND", { run: id });
    if (hasEnded(row)) return this.endOf(row);
    if (this.runs.has(id)) return undefined;
    if (row.queue) this.context.slots.use();
    if (isAgain && !this.callers.has(id) && this.claims.isBlocked(row)) return "rests";
    if (this.claims.mayClaim(row)) {
      if (await this.claims.claim(row)) return undefined;
      if (!this.runs.has(id) && !this.claims.canExecute(row)) this.reportUnknown(row);
    }
    if (this.sleeps(row)) return "rests";
    if (row.status === "waiting" || row.inLine) await this.resumeChildren(id, new Set([id]));
    await this.pause(row);
    return undefined;
  }

  /**
   * Looks after a run that waits and that nobody awaits here, without a caller. False: it does something else, is awaited, or this program finds its
   * workflow only with the function that a caller has brought.
   */
  sleeps(row: RunHead): boolean {
    const isDue = row.wakeAt !== undefined && row.wakeAt <= this.context.clock.now();
    const isWaiting = row.inLine === true || (row.status === "waiting" && !isDue);
    if (!isWaiting || this.callers.has(row.id) || !this.claims.requestFor(row)) return false;
    this.forget(row.id);
    this.waiters.sleepers.add(row);
    this.poller.start();
    return true;
  }

  /**
   * Resumes those that a signal, a child, a cancellation or the end of another process has made due, and forgets those that have ended elsewhere.
   * @param isHint - because of a write, of which there may be many: what is only forgotten can wait for the next poll
   */
  private async wakeSleepers(isHint: boolean): Promise<boolean> {
    const { sleepers } = this.waiters;
    if (sleepers.size === 0) return false;
    const { owners, settings, store } = this.context;
    // that an owner has ended is no write
    const filter = { limit: PAGE, ...(isHint ? {} : await knownOwners(store, owners)) };
    const workflows = settings.renames.namesBefore([...sleepers.workflows]);
    const due = await store.unfinished({ workflows, ...filter });
    const ids = sleepers.sample(due.length < PAGE ? SAMPLE : PAGE);
    // so many others may hide ours
    const hidden = due.length < PAGE ? [] : await store.unfinished({ runs: ids, ...filter });
    const woken = [...due, ...hidden].filter((row) => sleepers.has(row.id) && !this.claims.isBlocked(row));
    for (const { id } of woken) sleepers.wake(id);
    if (isHint) return woken.length > 0;
    const rows = await store.listRuns({ runs: ids, limit: ids.length });
    const unfinished = new Set(rows.filter(({ status }) => !isFinal(status)).map(({ id }) => id));
    for (const id of ids) if (!unfinished.has(id)) sleepers.delete(id);
    return woken.length > 0;
  }

  /**
   * An awaited run that waits for other runs ends after these: whoever executed them may have ended.
   * @param seen - runs that were looked at, as two may wait for each other
   */
  private async resumeChildren(id: string, seen: Set<string>): Promise<void> {
    const { store } = this.context;
    for (const { kind, target } of await store.steps(id, { open: true, values: false })) {
      if (kind !== "child" || target === undefined || seen.has(target)) continue;
      seen.add(target);
      const child = await store.getRun(target);
      if (!child || hasEnded(child) || this.tracked.has(target) || !this.claims.requestFor(child)) continue;
      this.resume(target);
      if (child.status === "waiting" || child.inLine) await this.resumeChildren(target, seen);
    }
  }

  private async read(id: string): Promise<RunRow | undefined> {
    const store = await this.context.ready();
    this.reading.add(id);
    const row = await store.getRun(id);
    this.reading.delete(id); // a read that fails is repeated
    return row;
  }

  /** Whether the store is about to say what became of a followed run. */
  isReading(id: string): boolean {
    return this.reading.has(id);
  }

  /** Nobody can continue the run before its workflow is loaded here, or a process that has it takes the run. */
  private reportUnknown({ id, workflow, file }: RunRow): void {
    if (this.unknown.has(id)) return;
    this.unknown.add(id);
    const { message, code } = new PerdureError("WORKFLOW_NOT_LOADED", { workflow, file, runs: [id] });
    this.context.log.warn(message, { run: id, workflow, code });
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
  private pause({ id, status, wakeAt, inLine }: RunRow): Promise<void> {
    const { clock, settings } = this.context;
    // the poller finds waiting runs that become due early, all of them with one query
    const now = clock.now();
    const isFound = inLine === true || (status === "waiting" && (wakeAt ?? Infinity) > now);
    const until = inLine ? undefined : isFound ? wakeAt : now + settings.pollInterval;
    const paused = this.waiters.wait(id, until);
    this.poller.start();
    return paused;
  }
}
