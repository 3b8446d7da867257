import type { RestatePromise, TerminalError } from "@restatedev/restate-sdk";
import { PerdureError } from "perdure";
import type { EngineRun, NewRow, PendingCall, StepRow } from "perdure/engine";
import { Race } from "./race.ts";

/** Something that Restate completes. */
export interface Entry {
  /** Resolves with its number, when it is complete. */
  readonly promise: RestatePromise<number>;
  /** A step waits for it. */
  readonly isOfStep: boolean;
}

/**
 * The completions of a run. All come from one race over what is outstanding, which is asked for when the workflow can do nothing more: Restate
 * records its winner, so a replay gets the same completions in the same order (R2).
 */
export class Completions {
  private readonly run: EngineRun;
  private readonly begin: (call: PendingCall) => void;
  private readonly failed: (error: unknown) => void;
  private readonly outstanding = new Race<number>();
  private watched = 0;
  /** What is to be done for those that are complete, by their numbers. The SDK's races keep what they resolve with: not the values. */
  private readonly ready = new Map<number, () => void>();
  /** How many of them are of steps. */
  private steps = 0;
  private count = 0;
  private isAsking = false;
  /** Calls that came while the race was on. */
  private readonly held: PendingCall[] = [];
  private stallTimer: (() => void) | undefined;

  /** @param failed - the race itself has failed */
  constructor(run: EngineRun, begin: (call: PendingCall) => void, failed: (error: unknown) => void) {
    this.run = run;
    this.begin = begin;
    this.failed = failed;
  }

  get hasProgressed(): boolean {
    return this.count > 0;
  }

  watch<T>(
    promise: RestatePromise<T>,
    done: (value: T | undefined, failure?: TerminalError) => void,
    isOfStep = true,
  ): Entry {
    const number = this.watched++;
    const entry: Entry = {
      promise: promise.map((value, failure) => {
        this.ready.set(number, () => {
          this.drop(entry);
          done(value, failure);
        });
        return number;
      }),
      isOfStep,
    };
    this.outstanding.add(entry.promise);
    if (isOfStep) this.steps++;
    return entry;
  }

  /** Nothing waits for it any more. */
  drop(entry: Entry): void {
    if (this.outstanding.delete(entry.promise) && entry.isOfStep) this.steps--;
  }

  /** Asks for the next one. */
  next(): void {
    this.stallTimer?.();
    this.stallTimer = undefined;
    if (this.isAsking || !this.run.isActive) return;
    if (this.steps === 0) return this.waitOutside();
    this.isAsking = true;
    this.outstanding.winner().then((number) => this.won(number), this.failed);
  }

  private won(number: number): void {
    this.isAsking = false;
    if (!this.run.isActive) return;
    const before = this.count;
    for (const call of this.held.splice(0)) this.begin(call);
    try {
      this.ready.get(number)?.();
    } catch (error) {
      this.run.stop(error);
    }
    this.ready.delete(number);
    if (this.count === before) this.next(); // the workflow learns nothing of it
  }

  /** The workflow waits for nothing of the journal. */
  private waitOutside(): void {
    const { clock, settings } = this.run.host;
    this.stallTimer = clock.at(clock.now() + settings.stallTimeout, () => this.run.waitsOutside(), true);
  }

  /**
   * Restate's SDK allows no second race while one is on. A call that is made meanwhile, after a wait for something that is not durable, begins when
   * the race has a winner. False: there is no race.
   */
  holds(call: PendingCall): boolean {
    if (!this.isAsking) return false;
    const { run, host } = this.run;
    host.report(new PerdureError("RESTATE_CALL_HELD", { run: run.id, workflow: run.workflow, step: call.id }), run);
    this.held.push(call);
    return true;
  }

  complete(row: NewRow): void {
    row.seq = ++this.count;
    this.run.completed(row);
  }

  /** @param at - a time that every replay knows. Default: that of the latest completion */
  end(call: PendingCall, result: Pick<StepRow, "state" | "output" | "target">, at = this.run.now): void {
    const { id, kind, inputHash, location } = call;
    const times = { attempt: 0, startedAt: at, finishedAt: at };
    this.complete({ id, kind, inputHash, ...times, ...(location !== undefined && { location }), ...result });
  }

  fail(call: PendingCall, error: unknown, at?: number): void {
    this.end(call, { state: "failed", output: this.run.host.values.encode(error, `${call.spec.name} threw`) }, at);
  }
}
