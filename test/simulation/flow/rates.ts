import type { Time } from "../event-loop.ts";
import { limitsOf } from "../programs/queues.ts";
import type { Reports } from "./attempts.ts";

/** Milliseconds that may pass between the moment in which the store counts a start and the start itself. */
const PROMPT = 20;

interface Start {
  readonly at: number;
  readonly who: string;
}

/** Sees when attempts and runs of queues with a rate begin: in no period of the rate more than the limit. */
export class Rates {
  private readonly time: Time;
  private readonly reports: Reports;
  private readonly starts = new Map<string, Start[]>();

  constructor(time: Time, reports: Reports) {
    this.time = time;
    this.reports = reports;
  }

  /** @param takenAt - when the store counted it */
  begins(queue: string, who: string, takenAt: number): void {
    const { rate } = limitsOf(queue);
    if (!rate || !this.reports.isExact) return;
    const now = this.time.now;
    if (now - takenAt > PROMPT) return; // the store learns of it later
    const starts = [...(this.starts.get(queue) ?? []), { at: now, who }];
    this.starts.set(queue, starts);
    const first = starts.at(-1 - rate.limit);
    if (!first || now - first.at >= rate.per) return;
    const all = starts.slice(-1 - rate.limit).map((each) => `${each.who} at ${each.at}`);
    this.reports.problem(`${rate.limit + 1} starts of the queue ${queue} within ${rate.per} ms: ${all.join(", ")}`);
  }
}
