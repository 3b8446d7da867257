import type { KnownQueue } from "../definitions/queues.ts";
import type { SlotDesk, SlotRequest } from "./desk.ts";

/** What a step does about its slot. */
interface Queueing {
  readonly run: string;
  readonly epoch: number;
  readonly step: string;
  readonly key: string;
  readonly rank: number;
  /** Whether an attempt may still begin. */
  isWanted(): boolean;
  waits(): void;
  lost(): void;
  failed(error: unknown): void;
}

/** The slot that the attempts of one step need. */
export class StepSlot implements SlotRequest {
  readonly queue: KnownQueue;
  private readonly desk: SlotDesk;
  private readonly of: Queueing;
  /** The slot of an attempt around the step, if that has one of the same queue: it is lent, for the two would wait for each other. */
  private readonly lender: StepSlot | undefined;
  private readonly outer: StepSlot | undefined;
  /** `left`: it may still stand in line, as the store knows it, and nobody waits for that here. */
  private state: "none" | "asked" | "taken" | "left" = "none";
  /** An attempt has it, at whose end it is given back. */
  private isUsed = false;
  /** The attempt waits for calls that were dropped, and will not end. */
  private isDropped = false;
  /** It waits for its turn. */
  isInLine = false;
  private then: () => void = () => {};
  private lentTo: StepSlot | undefined;
  private readonly borrowers: StepSlot[] = [];

  constructor(desk: SlotDesk, queue: KnownQueue, of: Queueing, outer: StepSlot | undefined) {
    this.desk = desk;
    this.queue = queue;
    this.of = of;
    this.outer = outer;
    this.lender = outer?.ofQueue(queue.definition.name);
  }

  /** This one, or that of an attempt around it, if its slot is one of the queue. */
  private ofQueue(name: string): StepSlot | undefined {
    return this.queue.definition.name === name ? this : this.outer?.ofQueue(name);
  }

  get run(): string {
    return this.of.run;
  }

  get epoch(): number {
    return this.of.epoch;
  }

  get step(): string {
    return this.of.step;
  }

  get key(): string {
    return this.of.key;
  }

  get rank(): number {
    return this.of.rank;
  }

  get isTaken(): boolean {
    return this.state === "taken";
  }

  /** Whether an attempt may begin with it. A lent one is as good as the attempt that lends it. */
  get isHeld(): boolean {
    return this.lender !== undefined || this.desk.holds(this);
  }

  /** Its lease may be over: takes another one in its place. */
  takeAgain(): void {
    this.state = "asked";
    this.desk.askAgain(this);
  }

  /** Calls `then` once it has a slot. */
  take(then: () => void): void {
    this.then = then;
    this.isUsed = false;
    this.state = "asked";
    if (this.lender) this.lender.lend(this);
    else this.desk.ask(this);
  }

  taken(): void {
    if (this.state !== "asked" || !this.of.isWanted()) {
      this.state = "taken";
      return this.leave();
    }
    this.state = "taken";
    this.isInLine = false;
    this.then();
  }

  waits(): boolean {
    if (this.state !== "asked") return false;
    this.isInLine = true;
    this.of.waits();
    return true;
  }

  offered(): void {
    this.isInLine = false;
  }

  lost(): void {
    if (this.state !== "asked") return;
    this.state = "none";
    this.of.lost();
  }

  failed(error: unknown): void {
    if (this.state !== "asked") return;
    this.state = "none";
    this.of.failed(error);
  }

  /** The slot is given back with a write of the step. False: there is nothing to give back. */
  leavesWithWrite(): boolean {
    if (this.state === "none") return false;
    if (this.lender) {
      this.leave();
      return false;
    }
    this.state = "left";
    this.desk.leavesWithWrite(this);
    return true;
  }

  /** Gives the slot back, or its place in line. */
  leave(): void {
    const { state, lender } = this;
    this.state = "none";
    if (lender) lender.takeBack(this);
    else if (state !== "none") this.desk.leave(this);
  }

  /** The attempt begins. */
  use(): void {
    this.isUsed = true;
  }

  /** The attempt never gets the outcomes that it waits for, and so may not end: its slot is given back when nobody has borrowed it. */
  drop(): void {
    if (this.state !== "taken") return;
    this.isDropped = true;
    if (!this.lentTo) this.leave();
  }

  /** The step does not wait here any more. It keeps its place in line, and a slot that an attempt uses. */
  withdraw(): void {
    if (this.state === "taken" && !this.isUsed) return this.leave();
    if (this.state !== "asked") return;
    this.isInLine = false;
    this.state = this.lender ? "none" : "left";
    if (this.lender) this.lender.takeBack(this);
    else this.desk.withdraw(this);
  }

  private lend(to: StepSlot): void {
    this.borrowers.push(to);
    if (this.lentTo) to.waits();
    else this.lendNext();
  }

  private takeBack(from: StepSlot): void {
    const place = this.borrowers.indexOf(from);
    if (place !== -1) this.borrowers.splice(place, 1);
    if (this.lentTo === from) this.lendNext();
    if (this.isDropped) this.drop();
  }

  private lendNext(): void {
    this.lentTo = this.borrowers.shift();
    this.lentTo?.taken();
  }
}
