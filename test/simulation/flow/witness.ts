import type { ValueStore } from "../../../packages/runtime/src/values/codec.ts";
import type { Offer } from "../../../packages/store/src/contract.ts";
import type { StoreMethod } from "../../../packages/store/src/wrap-store.ts";
import type { Time } from "../event-loop.ts";
import type { VirtualProcess } from "../process.ts";
import type { Place } from "../programs/stage.ts";
import type { Truth } from "../witness.ts";
import { Attempts, type Attempt, type Reports } from "./attempts.ts";
import { Rates } from "./rates.ts";
import { Starts } from "./starts.ts";
import { Ticks } from "./ticks.ts";

/** Judges queues, and the conditions under which runs begin. */
export class FlowWitness {
  readonly starts: Starts;
  readonly ticks: Ticks;
  private readonly time: Time;
  private readonly reports: Reports;
  private readonly attempts: Attempts;
  private readonly rates: Rates;

  /** @param wall - what the store's clock shows */
  constructor(time: Time, truth: Truth, processes: readonly VirtualProcess[], reports: Reports, wall: () => number) {
    this.time = time;
    this.reports = reports;
    this.attempts = new Attempts(time, reports, processes, wall);
    this.rates = new Rates(time, reports);
    this.starts = new Starts(reports, truth, wall);
    this.ticks = new Ticks(time, reports, truth, wall);
  }

  performed(process: VirtualProcess, method: StoreMethod, args: readonly unknown[], answer: unknown): void {
    if (method === "offers")
      for (const { queue, run, step = "" } of answer as Offer[])
        this.reports.say(process.name, `${queue} offers a slot to ${run} ${step}`);
    this.ticks.performed(process, method, args, answer);
    this.attempts.performed(process, method, args, answer);
    this.starts.performed(process, method, args, answer, ({ id, queue }) => {
      if (queue) this.rates.begins(queue.queue, id, this.time.now);
    });
  }

  answered(
    process: VirtualProcess,
    method: StoreMethod,
    args: readonly unknown[],
    answer: unknown,
    calledAt: number,
  ): void {
    this.attempts.answered(method, args, answer, calledAt + process.lease, calledAt);
  }

  /** An attempt that needs a slot begins. */
  begins(
    process: VirtualProcess,
    step: { readonly run: string; readonly step: string; readonly epoch: number },
    place: Place,
  ): Attempt {
    const { attempt, takenAt } = this.attempts.begins(process, step, place);
    if (takenAt !== undefined) this.rates.begins(place.queue, `${step.run} ${step.step}`, takenAt);
    return attempt;
  }

  ends(attempt: Attempt): void {
    this.attempts.ends(attempt);
  }

  checkEnd(values: ValueStore, healedAt: number, endedAt: ReadonlyMap<string, number>): void {
    const [process] = this.attempts.processes;
    if (process) this.starts.checkEnd(values, healedAt, endedAt, (at) => process.clock.wallAt(at));
  }
}
