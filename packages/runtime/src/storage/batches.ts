import { nextTurn } from "@perdure/protocol";
import type { Awaitable } from "@perdure/store";
import { isUnavailable } from "./availability.ts";

/** Gets the store's answer, or the error in place of it. */
export type Done<R> = (answer: R | undefined, error?: unknown) => void;

interface Order<I> {
  /** Items of one key are sent in order: the next when the one before is answered. After one that failed, those that were added before its answer fail as well. */
  readonly keyOf: (item: I) => string;
  /** Calls that wait for their answers at the same time. What is added meanwhile is collected into the next one. */
  readonly atMost: number;
  /** Milliseconds of a clock that only runs forward. */
  readonly monotonic: () => number;
}

/** Collects the items of one turn of the event loop into one call of the store. */
export class Batches<I, R> {
  private readonly send: (items: I[]) => Awaitable<readonly R[]>;
  private readonly order: Order<I> | undefined;
  private items: I[] = [];
  private waiting: Done<R>[] = [];
  private isScheduled = false;
  private inFlight = 0;
  /** Since when the items of a key wait for their answer. */
  private readonly busy = new Map<string, number>();
  private idle: (() => void)[] = [];

  /** @param order - without it, the calls do not wait for each other */
  constructor(send: (items: I[]) => Awaitable<readonly R[]>, order?: Order<I>) {
    this.send = send;
    this.order = order;
  }

  add(item: I, done: Done<R>): void {
    this.items.push(item);
    this.waiting.push(done);
    this.schedule();
  }

  get isEmpty(): boolean {
    return this.items.length === 0 && this.inFlight === 0;
  }

  async flush(): Promise<void> {
    if (this.isEmpty) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** The keys with an item that has had no answer since that time of the monotonic clock. */
  unansweredSince(time: number): ReadonlySet<string> {
    const keys = [...this.busy].flatMap(([key, since]) => (since <= time ? [key] : []));
    // what waits for a place is as old as what takes the places
    const isFull = this.order !== undefined && this.inFlight >= this.order.atMost && keys.length === this.busy.size;
    return new Set(isFull && this.order ? [...keys, ...this.items.map(this.order.keyOf)] : keys);
  }

  private schedule(): void {
    if (this.isScheduled || this.items.length === 0 || this.inFlight >= (this.order?.atMost ?? Infinity)) return;
    this.isScheduled = true;
    nextTurn(this.turn);
  }

  private readonly turn = (): void => {
    this.isScheduled = false;
    const { items, waiting } = this.take();
    if (items.length === 0) return;
    this.inFlight++;
    try {
      const answers = this.send(items);
      if (answers instanceof Promise) {
        this.begun(items);
        answers.then(
          (all) => this.answer(items, waiting, all),
          (error: unknown) => this.fail(items, waiting, error),
        );
      } else this.answer(items, waiting, answers);
    } catch (error) {
      this.fail(items, waiting, error);
    }
  };

  /** Takes what may be sent now. */
  private take(): { readonly items: I[]; readonly waiting: readonly Done<R>[] } {
    const { items, waiting, order } = this;
    const isLater = (item: I): boolean => order !== undefined && this.busy.has(order.keyOf(item));
    if (this.busy.size === 0) {
      this.items = [];
      this.waiting = [];
      return { items, waiting };
    }
    const later = items.map(isLater);
    this.items = items.filter((_, place) => later[place]);
    this.waiting = waiting.filter((_, place) => later[place]);
    return { items: items.filter((_, place) => !later[place]), waiting: waiting.filter((_, place) => !later[place]) };
  }

  private begun(items: readonly I[]): void {
    if (!this.order) return;
    const now = this.order.monotonic();
    for (const item of items) this.busy.set(this.order.keyOf(item), now);
  }

  private answer(items: readonly I[], waiting: readonly Done<R>[], answers: readonly R[]): void {
    this.over(items);
    for (let index = 0; index < waiting.length; index++) waiting[index]?.(answers[index]);
    this.answered();
  }

  private over(items: readonly I[]): void {
    if (this.order && this.busy.size > 0) for (const item of items) this.busy.delete(this.order.keyOf(item));
  }

  private answered(): void {
    this.inFlight--;
    this.schedule();
    if (this.isEmpty) for (const resolve of this.idle.splice(0)) resolve();
  }

  private fail(items: readonly I[], waiting: readonly Done<R>[], cause: unknown): void {
    const error = cause ?? new Error("the store failed");
    // what became of items that were not answered is not known
    if (!isUnavailable(error) && items.length > 1) return void this.oneByOne(items, waiting);
    this.over(items);
    const keys = this.keysOf(items).map((key) => [key, error] as const);
    const later = this.takeBack(new Map(keys));
    for (const done of waiting) done(undefined, error);
    for (const fail of later) fail();
    this.answered();
  }

  /** The failure of one item must not prevent those of others, except of its key. */
  private async oneByOne(items: readonly I[], waiting: readonly Done<R>[]): Promise<void> {
    this.begun(items);
    const failed = new Map<string, unknown>();
    const answers: (() => void)[] = [];
    const one = async (item: I, done: Done<R> | undefined): Promise<void> => {
      const [key] = this.keysOf([item]);
      try {
        if (key !== undefined && failed.has(key)) throw failed.get(key);
        const [answer] = await this.send([item]);
        answers.push(() => done?.(answer));
      } catch (cause) {
        const error = cause ?? new Error("the store failed");
        if (key !== undefined) failed.set(key, error);
        answers.push(() => done?.(undefined, error));
      }
    };
    const all = items.map((item, index) => [item, waiting[index]] as const);
    if (this.order) for (const [item, done] of all) await one(item, done);
    else await Promise.all(all.map(([item, done]) => one(item, done)));
    this.over(items);
    answers.push(...this.takeBack(failed));
    for (const answer of answers) answer();
    this.answered();
  }

  private keysOf(items: readonly I[]): string[] {
    return this.order ? items.map(this.order.keyOf) : [];
  }

  /** Removes the items of these keys that wait to be sent. Returns what tells of their failure. */
  private takeBack(failed: ReadonlyMap<string, unknown>): (() => void)[] {
    if (failed.size === 0 || this.items.length === 0) return [];
    const keys = this.keysOf(this.items);
    const isFailed = (_: unknown, place: number): boolean => failed.has(keys[place] ?? "");
    const taken = this.waiting.filter(isFailed);
    const errors = keys.filter(isFailed).map((key) => failed.get(key));
    this.items = this.items.filter((_, place) => !isFailed(_, place));
    this.waiting = this.waiting.filter((_, place) => !isFailed(_, place));
    return taken.map((done, place) => () => done(undefined, errors[place]));
  }
}
