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

/** A slot that is lent, to one at a time: who has it waits for those that it lends it to. */
export class Lender {
  readonly queue: string;
  /** What was lent, or taken, around it. */
  readonly outer: Lender | undefined;
  private readonly returned: () => void;
  private lentTo: StepSlot | undefined;
  private readonly borrowers: StepSlot[] = [];

  /** @param returned - called when one that had it gives it back */
  constructor(queue: string, outer?: Lender, returned: () => void = () => {}) {
    this.queue = queue;
    this.outer = outer;
    this.returned = returned;
  }

  get isLent(): boolean {
    return this.lentTo !== undefined;
  }

  /** This one, or one around it, if it is of the queue. */
  ofQueue(queue: string): Lender | undefined {
    return this.queue === queue ? this : this.outer?.ofQueue(queue);
  }

  lend(to: StepSlot): void {
    this.borrowers.push(to);
    if (this.lentTo) to.waitsForLender();
    else this.lendNext();
  }

  takeBack(from: StepSlot): void {
    const place = this.borrowers.indexOf(from);
    if (place !== -1) this.borrowers.splice(place, 1);
    if (this.lentTo === from) this.lendNext();
    this.returned();
  }

  private lendNext(): void {
    this.lentTo = this.borrowers.shift();
    this.lentTo?.lent();
  }
}

/** The slot that the attempts of one step need. */
export class StepSlot implements SlotRequest {
  readonly queue: KnownQueue;
  private readonly desk: SlotDesk;
  private readonly of: Queueing;
  /** Whose slot it is lent: that of the run, or of an attempt around the step, if it is of the same queue. The two would wait for each other. */
  private readonly lender: Lender | undefined;
  /** Lends it to the steps that its attempt calls. */
  readonly own: Lender;
  /**
   * `borrows`: it waits for the slot that it is lent. `left`: it may still stand in line, as the store knows it, and nobody waits for that
   * here.
   */
  private state: "none" | "borrows" | "asked" | "taken" | "left" = "none";
  /** An attempt has it, at whose end it is given back. */
  private isUsed = false;
  /** The attempt waits for calls that were dropped, and will not end. */
  private isDropped = false;
  /** It waits for its turn. */
  isInLine = false;
  /** What the slot is for. */
  private begin: () => void = () => {};

  constructor(desk: SlotDesk, queue: KnownQueue, of: Queueing, outer: Lender | undefined) {
    this.desk = desk;
    this.queue = queue;
    this.of = of;
    const { name } = queue.definition;
    this.lender = outer?.ofQueue(name);
    this.own = new Lender(name, outer, () => this.isDropped && this.drop());
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

  get isLent(): boolean {
    return this.lender !== undefined;
  }

  /** The run would have to take its slot again, to lend it to the step. So it stays in memory. */
  get keepsRun(): boolean {
    return this.isLent && this.isInLine;
  }

  get isTaken(): boolean {
    return this.state === "taken";
  }

  /** Whether an attempt may begin with it. A lent one is as good as the attempt that lends it. */
  get isHeld(): boolean {
    return this.isLent || this.desk.holds(this);
  }

  /** Its lease may be over: takes another one in its place. */
  takeAgain(): void {
    this.state = "asked";
    this.desk.askAgain(this);
  }

  /** Whether an attempt that begins now begins when the rate has allowed it. */
  get isOnTime(): boolean {
    return this.desk.isOnTime(this);
  }

  /** It has been too long since the start that the rate has allowed: it is moved, or another one is asked for. */
  correctStart(): void {
    this.state = "asked";
    this.desk.correctStart(this);
  }

  /** Calls `begin` once it has a slot. */
  take(begin: () => void): void {
    this.begin = begin;
    this.isUsed = false;
    this.state = this.lender ? "borrows" : "asked";
    if (this.lender) this.lender.lend(this);
    else this.desk.ask(this);
  }

  waitsForLender(): void {
    this.isInLine = true;
    this.of.waits();
  }

  /** It may use the slot that it is lent, as soon as the rate allows it. */
  lent(): void {
    if (!this.of.isWanted()) return this.leave();
    this.state = "asked";
    this.isInLine = false;
    this.desk.ask(this);
  }

  taken(): void {
    if (this.state !== "asked" || !this.of.isWanted()) {
      this.state = "taken";
      return this.leave();
    }
    this.state = "taken";
    this.isInLine = false;
    this.begin();
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
    this.lender?.takeBack(this);
    this.of.lost();
  }

  failed(error: unknown): void {
    if (this.state !== "asked") return;
    this.state = "none";
    this.lender?.takeBack(this);
    this.of.failed(error);
  }

  /** The slot is given back with a write of the step. False: there is nothing to give back. */
  leavesWithWrite(): boolean {
    const { state } = this;
    if (state === "none") return false;
    this.state = "left";
    if (state !== "borrows") this.desk.leavesWithWrite(this);
    this.lender?.takeBack(this);
    return state !== "borrows";
  }

  /** Gives the slot back, or its place in line. */
  leave(): void {
    const { state, lender } = this;
    this.state = "none";
    if (state !== "none" && state !== "borrows") this.desk.leave(this);
    lender?.takeBack(this);
  }

  /** The attempt begins. */
  use(): void {
    this.isUsed = true;
  }

  /** The attempt never gets the outcomes that it waits for, and so may not end: its slot is given back when nobody has borrowed it. */
  drop(): void {
    if (this.state !== "taken") return;
    this.isDropped = true;
    if (!this.own.isLent) this.leave();
  }

  /** The step does not wait here any more. It keeps a place in line of its own, and a slot that an attempt uses. */
  withdraw(): void {
    const { state } = this;
    if (state === "borrows" || state === "asked") this.isInLine = false;
    if (state === "borrows" || (state === "asked" && this.isLent) || (state === "taken" && !this.isUsed))
      return this.leave();
    if (state !== "asked") return;
    this.state = "left";
    this.desk.withdraw(this);
  }
}
