import type { Lease, QueueAnswer, QueuedStep, Write } from "../../../packages/store/src/contract.ts";
import type { StoreMethod } from "../../../packages/store/src/wrap-store.ts";
import type { Time } from "../event-loop.ts";
import type { VirtualProcess } from "../process.ts";
import { limitsOf } from "../programs/queues.ts";
import type { Place } from "../programs/stage.ts";
import type { Counts } from "../witness.ts";

/** What is reported, and to whom. */
export interface Reports {
  readonly isExact: boolean;
  readonly counts: Counts;
  say(who: string, what: string): void;
  problem(what: string): void;
}

/** A slot that the store gave to a step. */
interface Slot {
  readonly owner: string;
  readonly queue: string;
  readonly takenAt: number;
  /** When its lease ends, by the store's clock. */
  until: number;
  /** When its lease ends at the earliest as far as its owner knows, in the time of the world. */
  knownUntil: number;
  /** The store has taken it from an owner of which nobody could know whether it lives. */
  isLost: boolean;
}

/** An attempt that has begun, and has not ended. */
export interface Attempt {
  readonly process: VirtualProcess;
  readonly run: string;
  readonly step: string;
  readonly queue: string;
  readonly key: string;
  readonly epoch: number;
  readonly slot: Slot | undefined;
  /** It does nothing but wait for tasks that it has called. */
  isWaiting: boolean;
}

const nameOf = (run: string, step: string, epoch: number): string => `${run}\n${step}\n${epoch}`;

/** Sees the slots of steps, and the attempts that really happen: never more than the limits at once. */
export class Attempts {
  private readonly time: Time;
  private readonly reports: Reports;
  readonly processes: readonly VirtualProcess[];
  private readonly slots = new Map<string, Slot>();
  private readonly attempts = new Set<Attempt>();

  private readonly wall: () => number;

  constructor(time: Time, reports: Reports, processes: readonly VirtualProcess[], wall: () => number) {
    this.wall = wall;
    this.time = time;
    this.reports = reports;
    this.processes = processes;
  }

  // --- slots

  performed(process: VirtualProcess, method: StoreMethod, args: readonly unknown[], answer: unknown): void {
    if (method === "enqueue")
      (args[0] as QueuedStep[]).forEach((step, index) => this.took(process, step, (answer as QueueAnswer[])[index]));
    if (method === "leave") {
      const { run, step, epoch } = args[0] as { run: string; step: string; epoch: number };
      this.slots.delete(nameOf(run, step, epoch));
      this.reports.say(process.name, `leave ${run} ${step}@${epoch}`);
    }
    if (method === "commit")
      (args[0] as Write[]).forEach((write, index) => {
        if (write.type === "step" && write.leaves !== undefined && (answer as boolean[])[index] === true)
          this.slots.delete(nameOf(write.run, write.step.id, write.epoch));
      });
    if (method === "renewSlots") {
      const { owner, ms } = args[0] as Lease;
      const until = this.wall() + ms;
      for (const slot of this.of(owner)) if (!slot.isLost) slot.until = Math.max(slot.until, until);
    }
    if (method === "freeSlots") this.freed(process, args[0] as { readonly owner: string; readonly dead: boolean });
  }

  private took(
    { name: who }: VirtualProcess,
    { run, step, epoch, queue, lease }: QueuedStep,
    answer: QueueAnswer,
  ): void {
    const name = nameOf(run, step, epoch);
    this.reports.say(who, `enqueue ${run} ${step}@${epoch} in ${queue}: ${answer?.state ?? "refused"}`);
    if (answer?.state !== "taken" || this.slots.get(name)?.isLost === false) return;
    const { owner, ms } = lease;
    const until = this.wall() + ms;
    this.slots.set(name, { owner, queue, takenAt: this.time.now, until, knownUntil: -1, isLost: false });
  }

  private freed(by: VirtualProcess, { owner, dead }: { owner: string; dead: boolean }): void {
    const process = this.processes.find(({ name }) => name === owner);
    this.reports.say(by.name, `frees the slots of ${owner}${dead ? ", which is dead" : ""}`);
    const isAlive = process?.isGone === false;
    if (isAlive && (dead || process.machine === by.machine))
      this.reports.problem(`${by.name} freed the slots of ${owner}, and knows that it lives`);
    for (const slot of this.of(owner)) if (dead || slot.until < this.wall()) slot.isLost = true;
  }

  answered(method: StoreMethod, args: readonly unknown[], answer: unknown, until: number, calledAt: number): void {
    if (method === "enqueue")
      (args[0] as QueuedStep[]).forEach(({ run, step, epoch }, index) => {
        const slot = this.slots.get(nameOf(run, step, epoch));
        if ((answer as QueueAnswer[])[index]?.state === "taken" && slot)
          slot.knownUntil = Math.max(slot.knownUntil, until);
      });
    if (method === "renewSlots")
      for (const slot of this.of((args[0] as { owner: string }).owner))
        if (slot.takenAt <= calledAt && slot.knownUntil >= 0) slot.knownUntil = Math.max(slot.knownUntil, until);
  }

  private of(owner: string): Slot[] {
    return [...this.slots.values()].filter((slot) => slot.owner === owner);
  }

  // --- attempts

  /** An attempt begins, with a slot that was taken at a time */
  begins(
    process: VirtualProcess,
    { run, step, epoch }: { readonly run: string; readonly step: string; readonly epoch: number },
    { queue, key = "" }: Place,
  ): { readonly attempt: Attempt; readonly takenAt: number | undefined } {
    const slot = this.slotFor(run, step, epoch, queue);
    const what = `${process.name} began ${run} ${step} at ${this.time.now}`;
    if (!slot) this.reports.problem(`${what} without a slot of the queue ${queue}`);
    else if (slot === this.slots.get(nameOf(run, step, epoch)) && slot.knownUntil <= this.time.now)
      this.reports.problem(`${what} with a slot of the queue ${queue} whose lease was over at ${slot.knownUntil}`);
    const attempt: Attempt = { process, run, step, epoch, queue, key, slot, isWaiting: false };
    this.attempts.add(attempt);
    this.checkLimits(attempt);
    return { attempt, takenAt: slot?.takenAt };
  }

  ends(attempt: Attempt): void {
    this.attempts.delete(attempt);
  }

  /** The slot of the step, or that of the task that called it. */
  private slotFor(run: string, step: string, epoch: number, queue: string): Slot | undefined {
    for (let id = step; id !== ""; id = id.slice(0, Math.max(0, id.lastIndexOf("/")))) {
      const slot = this.slots.get(nameOf(run, id, epoch));
      if (slot?.queue === queue) return slot;
    }
    return undefined;
  }

  private checkLimits({ queue, key }: Attempt): void {
    const { concurrency = Infinity, perKey = Infinity } = limitsOf(queue);
    const running = [...this.attempts].filter((each) => each.queue === queue && this.counts(each));
    const tell = (what: string): void =>
      this.reports.problem(
        `${what} at once: ${running.map(({ process, run, step }) => `${process.name} ${run} ${step}`).join(", ")}`,
      );
    if (running.length > concurrency) tell(`${running.length} attempts of the queue ${queue}`);
    const ofKey = running.filter((each) => each.key === key).length;
    if (ofKey > perKey) tell(`${ofKey} attempts of the key ${key} of the queue ${queue}`);
  }

  /** An attempt ends with its process. One that has lent its slot, or lost it, does not count. */
  private counts({ process, run, step, epoch, queue, slot, isWaiting }: Attempt): boolean {
    if (process.isGone || slot?.isLost === true) return false;
    const execution = process.runtime.runs.get(run);
    const isDropped = execution?.isActive !== true || execution.run.epoch !== epoch;
    if (isWaiting && isDropped) return false; // it never gets what it waits for
    return ![...this.attempts].some(
      (each) =>
        each.process === process && each.run === run && each.queue === queue && each.step.startsWith(`${step}/`),
    );
  }
}
