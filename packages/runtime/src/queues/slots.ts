import { nextTurn, PerdureError } from "@perdure/protocol";
import type { Awaitable, QueueAnswer, QueuedStep, Store } from "@perdure/store";
import type { Clock } from "../config/clock.ts";
import { SLACK, type KnownQueue } from "../definitions/queues.ts";
import type { SlotsHere } from "./deadlocks.ts";
import type { SlotDesk, SlotRequest } from "./desk.ts";

/** What slots need of the process. */
interface SlotsContext {
  readonly clock: Clock;
  readonly store: Store;
  readonly settings: { readonly lease: number };
  readonly owner: string;
  readonly isClosed: boolean;
  logFailure(what: string, error: unknown): void;
  /** Makes the call again while the store does not answer. */
  untilAnswered<T>(call: () => Awaitable<T>): Awaitable<T>;
  monotonic(): number;
}

/** The slot of a step, or its place in line, under one epoch. */
interface Slot {
  readonly run: string;
  readonly epoch: number;
  readonly step: string;
}

const nameOf = ({ run, step }: { readonly run: string; readonly step: string }): string => `${run}\n${step}`;
const keyOf = (slot: Slot): string => `${nameOf(slot)}\n${slot.epoch}`;

/** A slot that is taken. Times are of the monotonic clock. */
interface Held {
  readonly request: SlotRequest;
  /** When its lease ends at the earliest. */
  endsAt: number;
  /** The number of the start, in a queue with a rate, and its recorded time at the earliest. */
  readonly start: number | undefined;
  startsAt: number;
}

const MOST_REFUSALS = 5;

/** The slots of steps that this process has or waits for. */
export class Slots implements SlotDesk {
  private readonly context: SlotsContext;
  /** Called when a run may take a slot: its own, or that of a step of it that is not in memory. `isNew`: it could not at the latest look. */
  onOffer: (run: string, isNew: boolean) => void = () => {};
  /** The names of the workflows that this process can execute, as they are recorded. */
  workflows: () => readonly string[] = () => [];
  /** Called when a step has to wait. */
  onWait: () => void = () => {};
  /** Called when this process has something to do with queues for the first time. */
  onUse: () => void = () => {};
  private isUsed = false;
  private readonly defined = new Map<string, string>();
  private asked: SlotRequest[] = [];
  /** In line, by run and step. */
  private readonly waiting = new Map<string, SlotRequest>();
  /** Slots that are taken. */
  private readonly held = new Map<string, Held>();
  /** Slots that may be ours although no attempt has them: the store failed. They are given back again and again. */
  private readonly unsure = new Map<string, Slot>();
  /** How often the start of a step was too late to be corrected. */
  private readonly refusals = new WeakMap<SlotRequest, number>();
  /** What was offered at the latest look. */
  private offered: ReadonlySet<string> = new Set();
  /** Queues that are looked at when the time of their rate has passed. */
  private readonly ratesAwaited = new Set<string>();
  private isLooking = false;
  private renewedAt = -Infinity;
  /** Calls that are not over. */
  private calls = 0;

  constructor(context: SlotsContext) {
    this.context = context;
  }

  /** Whether it is about to ask the store, or waits for an answer. */
  get isAsking(): boolean {
    return this.calls > 0 || this.asked.length > 0 || this.isLooking;
  }

  /** Whether this process has anything to do with queues. */
  get isInUse(): boolean {
    return this.isUsed;
  }

  use(): void {
    if (this.isUsed) return;
    this.isUsed = true;
    this.onUse();
  }

  /** The steps that stand in line, and those that have slots of their own. */
  get here(): SlotsHere {
    const holding = Array.from(this.held.values(), ({ request }) => request).filter(({ isLent }) => !isLent);
    return { waiting: [...this.waiting.values()], holding };
  }

  /** Whether something has to be done at each poll. */
  get isBusy(): boolean {
    return this.waiting.size > 0 || this.held.size > 0 || this.unsure.size > 0;
  }

  /**
   * Records the queue in the store, unless it is.
   * @param wanted - what needs the queue
   * @throws PerdureError `QUEUES_NOT_SUPPORTED`
   */
  async define({ definition }: KnownQueue, wanted: string): Promise<void> {
    const { store } = this.context;
    this.assertSupported(wanted, undefined);
    const text = JSON.stringify(definition);
    if (this.defined.get(definition.name) === text) return;
    await store.defineQueue?.(definition);
    this.use();
    this.defined.set(definition.name, text);
    this.look();
  }

  /**
   * `value`, if the store has queues.
   * @throws PerdureError `QUEUES_NOT_SUPPORTED`
   */
  assertSupported<T>(wanted: string, value: T): T {
    const { store } = this.context;
    if (store.expire) return value;
    throw new PerdureError("QUEUES_NOT_SUPPORTED", { store: store.name, wanted });
  }

  ask(request: SlotRequest): void {
    this.asked.push(request);
    if (this.asked.length === 1) nextTurn(() => void this.counted(() => this.send()));
  }

  /** Where the store always answers later than the next start is allowed, an attempt that insisted on its time would never begin. */
  private mayAskAgain(request: SlotRequest): boolean {
    const refusals = this.refusals.get(request) ?? 0;
    this.refusals.set(request, refusals + 1);
    return refusals < MOST_REFUSALS;
  }

  private async send(): Promise<void> {
    const requests = this.asked;
    this.asked = [];
    const { store, owner, settings } = this.context;
    const lease = { owner, ms: settings.lease };
    const steps = requests.map(({ run, epoch, step, queue, key, rank, isLent }): QueuedStep => {
      const place = { queue: queue.definition.name, key, rank, ...(isLent && { lent: isLent }) };
      return { run, epoch, step, ...place, lease };
    });
    /** When it was first asked: a call without an answer may have taken the slots. */
    let firstAsked: number | undefined;
    let answers: readonly QueueAnswer[];
    try {
      answers = await this.context.untilAnswered(async () => {
        for (const queue of new Set(requests.map((each) => each.queue)))
          await this.define(queue, `the queue "${queue.definition.name}"`);
        firstAsked ??= this.context.monotonic();
        return (await store.enqueue?.(steps)) ?? [];
      });
    } catch (error) {
      for (const request of requests) {
        this.giveBackLater(request);
        request.failed(error);
      }
      return;
    }
    const asked = firstAsked ?? this.context.monotonic();
    requests.forEach((request, place) => this.answered(request, answers[place], asked));
  }

  private answered(request: SlotRequest, answer: QueueAnswer, asked: number): void {
    if (!answer) return request.lost();
    this.lookAfterRate(request.queue);
    if (answer.state === "waiting") {
      if (request.waits()) this.waiting.set(nameOf(request), request);
      else if (request.isLent) this.leave(request);
      this.onWait();
      return;
    }
    const endsAt = asked + this.context.settings.lease;
    this.held.set(keyOf(request), { request, endsAt, start: answer.start, startsAt: asked });
    if (!this.holds(request)) return this.askAgain(request); // the answer came too late: others may have taken the slot
    request.taken();
  }

  /** Whoever waits for a rate may start when its time has passed, however rare polls are. */
  private lookAfterRate({ definition: { name, rate } }: KnownQueue): void {
    if (!rate || this.ratesAwaited.has(name)) return;
    this.ratesAwaited.add(name);
    const { clock } = this.context;
    clock.at(
      clock.now() + rate.per + (rate.slack ?? SLACK) + 1,
      () => {
        this.ratesAwaited.delete(name);
        this.look();
      },
      true,
    );
  }

  holds(request: SlotRequest): boolean {
    return this.context.monotonic() < (this.held.get(keyOf(request))?.endsAt ?? -Infinity);
  }

  isOnTime(request: SlotRequest): boolean {
    const held = this.held.get(keyOf(request));
    if (held?.start === undefined) return true;
    return this.context.monotonic() - held.startsAt <= (request.queue.definition.rate?.slack ?? SLACK);
  }

  correctStart(request: SlotRequest): void {
    void this.counted(() => this.correct(request, 0)).catch((error: unknown) => {
      this.giveBackLater(request);
      request.failed(error);
    });
  }

  /** Moves the start to `delay` milliseconds from now, and again, further away, where the answer comes later than that. */
  private async correct(request: SlotRequest, delay: number): Promise<void> {
    const { store, clock } = this.context;
    const held = this.held.get(keyOf(request));
    if (held?.start === undefined) return;
    const queue = request.queue.definition;
    const asked = this.context.monotonic();
    const at = clock.now() + delay;
    const { start } = held;
    const isMoved = await this.context.untilAnswered(() => store.correctStart?.({ queue: queue.name, start, at }));
    if (this.held.get(keyOf(request)) !== held) return; // it was given back
    if (isMoved === false && this.mayAskAgain(request)) return this.askAgain(request);
    held.startsAt = isMoved === false ? Infinity : asked + delay;
    if (isMoved === false) return request.taken();
    const answered = this.context.monotonic();
    if (!this.isOnTime(request)) return this.correct(request, Math.min(2 * (answered - asked), queue.rate?.per ?? 0));
    if (answered < held.startsAt) clock.at(at, () => request.taken());
    else request.taken();
  }

  askAgain(request: SlotRequest): void {
    // one after the other: a slot that is given back late would be the new one
    void this.counted(async () => {
      try {
        await this.context.untilAnswered(() => this.giveBack(request));
        this.ask(request);
      } catch (error) {
        request.failed(error);
      }
    });
  }

  withdraw(request: SlotRequest): void {
    if (this.waiting.get(nameOf(request)) === request) this.waiting.delete(nameOf(request));
  }

  leavesWithWrite(request: SlotRequest): void {
    this.withdraw(request);
    this.held.delete(keyOf(request));
  }

  leave({ run, epoch, step }: Slot): void {
    this.waiting.delete(nameOf({ run, step }));
    this.counted(() => this.giveBack({ run, epoch, step })).catch(() => {}); // the poll tries again
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    this.calls++;
    try {
      return await work();
    } finally {
      this.calls--;
    }
  }

  private async giveBack({ run, epoch, step }: Slot): Promise<void> {
    const { store } = this.context;
    const key = keyOf({ run, epoch, step });
    try {
      await store.leave?.({ run, epoch, step });
    } catch (error) {
      this.giveBackLater({ run, epoch, step });
      throw error;
    }
    this.held.delete(key);
    this.unsure.delete(key);
    this.look();
  }

  private giveBackLater({ run, epoch, step }: Slot): void {
    this.unsure.set(keyOf({ run, epoch, step }), { run, epoch, step });
  }

  /** A write was made after which slots may be free. */
  freed(): void {
    if (this.isInUse) this.look();
  }

  /** Reads what is offered, once in a turn of the event loop. */
  look(): void {
    if (this.isLooking || this.context.isClosed || !this.context.store.offers) return;
    this.isLooking = true;
    nextTurn(() => {
      this.isLooking = false;
      this.counted(() => this.readOffers()).catch((error: unknown) => {
        if (!this.context.isClosed) this.context.logFailure("the queues cannot be read", error);
      });
    });
  }

  private async readOffers(): Promise<void> {
    const { store, isClosed } = this.context;
    if (isClosed) return;
    const offers = (await store.offers?.({ workflows: this.workflows() })) ?? [];
    const known = this.offered;
    this.offered = new Set(offers.map(({ run, step = "" }) => nameOf({ run, step })));
    for (const { run, step } of offers) {
      const request = step === undefined ? undefined : this.waiting.get(nameOf({ run, step }));
      if (request) {
        this.waiting.delete(nameOf(request));
        request.offered();
        this.ask(request);
      } else this.onOffer(run, !known.has(nameOf({ run, step: step ?? "" })));
    }
  }

  /** What time may have changed: is called at each poll. */
  async poll(): Promise<void> {
    const { store, owner, settings } = this.context;
    if (!store.offers) return;
    const now = this.context.monotonic();
    if (this.held.size > 0 && now - this.renewedAt >= settings.lease / 3) {
      const renewed = [...this.held.keys()];
      await store.renewSlots?.({ owner, ms: settings.lease });
      this.renewedAt = now;
      for (const key of renewed) this.isRenewed(key, now + settings.lease);
    }
    for (const slot of Array.from(this.unsure.values())) await this.giveBack(slot).catch(() => {});
    await this.readOffers();
  }

  /** A lease that has ended meanwhile may have ended before it was renewed: then the slot is another's. */
  private isRenewed(key: string, endsAt: number): void {
    const held = this.held.get(key);
    if (held && this.context.monotonic() < held.endsAt) held.endsAt = endsAt;
  }
}
