import { nextTurn, PerdureError } from "@perdure/protocol";
import type { Awaitable, Claim, Claimed, CreatedRun, NewRun, Store, Write } from "@perdure/store";
import { timed, type Instrumentation } from "../config/instrumentation.ts";

/** Gets the store's answer, or the error in place of it. */
type Done<R> = (answer: R | undefined, error?: unknown) => void;

/** Collects the items of one event-loop turn into one call of the store. */
class Batches<I, R> {
  private readonly send: (items: I[]) => Awaitable<readonly R[]>;
  private items: I[] = [];
  private waiting: Done<R>[] = [];
  /** Whether each call waits for the answer of the one before. */
  private readonly isSerial: boolean;
  private isScheduled = false;
  private inFlight = 0;
  private idle: (() => void)[] = [];

  constructor(send: (items: I[]) => Awaitable<readonly R[]>, { isSerial }: { readonly isSerial: boolean }) {
    this.send = send;
    this.isSerial = isSerial;
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

  private schedule(): void {
    if (this.isScheduled || this.items.length === 0 || (this.isSerial && this.inFlight > 0)) return;
    this.isScheduled = true;
    nextTurn(this.turn);
  }

  private readonly turn = (): void => {
    this.isScheduled = false;
    const { items, waiting } = this;
    this.items = [];
    this.waiting = [];
    this.inFlight++;
    try {
      const answers = this.send(items);
      if (answers instanceof Promise)
        answers.then(
          (all) => this.answer(waiting, all),
          (error: unknown) => this.fail(items, waiting, error),
        );
      else this.answer(waiting, answers);
    } catch (error) {
      this.fail(items, waiting, error);
    }
  };

  private answer(waiting: readonly Done<R>[], answers: readonly R[]): void {
    for (let index = 0; index < waiting.length; index++) waiting[index]?.(answers[index]);
    this.answered();
  }

  private answered(): void {
    this.inFlight--;
    this.schedule();
    if (this.isEmpty) for (const resolve of this.idle.splice(0)) resolve();
  }

  private fail(items: readonly I[], waiting: readonly Done<R>[], cause: unknown): void {
    const error = cause ?? new Error("the store failed");
    // what became of a batch that was not answered is not known: each of its runs is claimed and replayed
    const isUnknown = error instanceof PerdureError && error.code === "STORE_TIMEOUT";
    if (!isUnknown && items.length > 1) return void this.oneByOne(items, waiting);
    for (const done of waiting) done(undefined, error);
    this.answered();
  }

  /** The failure of one run's item must not prevent those of the others. */
  private async oneByOne(items: readonly I[], waiting: readonly Done<R>[]): Promise<void> {
    const answers: (() => void)[] = [];
    const one = async (item: I, done: Done<R> | undefined): Promise<void> => {
      try {
        const [answer] = await this.send([item]);
        answers.push(() => done?.(answer));
      } catch (error) {
        answers.push(() => done?.(undefined, error ?? new Error("the store failed")));
      }
    };
    const all = items.map((item, index) => [item, waiting[index]] as const);
    if (this.isSerial) for (const [item, done] of all) await one(item, done);
    else await Promise.all(all.map(([item, done]) => one(item, done)));
    for (const answer of answers) answer();
    this.answered();
  }
}

/** Writes what one event-loop turn brings, in all runs, with one transaction of the store; creates its new runs, and claims runs, with one more each. */
export class Committer {
  private readonly writes: Batches<Write, boolean>;
  private readonly runs: Batches<() => NewRun, CreatedRun>;
  private readonly claims: Batches<Claim, Claimed | undefined>;

  constructor(store: Store, onCommit?: Instrumentation["onCommit"]) {
    this.writes = new Batches(
      (writes) => (onCommit ? timed(onCommit, writes.length, () => store.commit(writes)) : store.commit(writes)),
      { isSerial: true },
    );
    this.claims = new Batches((claims) => store.claimRuns(claims), { isSerial: false });
    const send = (made: (() => NewRun)[]): Awaitable<readonly CreatedRun[]> =>
      createAll(
        store,
        made.map((make) => make()),
      );
    this.runs = new Batches(send, { isSerial: false });
  }

  /** Undefined: it may not be claimed. */
  claim(claim: Claim): Promise<Claimed | undefined> {
    return new Promise((resolve, reject) =>
      this.claims.add(claim, (claimed, error) => (error === undefined ? resolve(claimed) : reject(error))),
    );
  }

  /** @param done - gets false where the epoch is stale */
  add(write: Write, done: Done<boolean>): void {
    this.writes.add(write, done);
  }

  /** @param make - called for each call of the store: a lease begins with the call */
  create(make: () => NewRun): Awaitable<CreatedRun> {
    return new Promise((resolve, reject) =>
      this.runs.add(make, (created, error) => (created ? resolve(created) : reject(error))),
    );
  }

  get isEmpty(): boolean {
    return this.writes.isEmpty && this.claims.isEmpty && this.runs.isEmpty;
  }

  /** Resolves when every write that was added is answered. */
  async flush(): Promise<void> {
    await Promise.all([this.runs.flush(), this.claims.flush(), this.writes.flush()]);
  }
}

function createAll(store: Store, runs: readonly NewRun[]): Awaitable<readonly CreatedRun[]> {
  const [run] = runs;
  if (!run || runs.length > 1) return store.createRuns(runs);
  const created = store.createRun(run);
  return created instanceof Promise ? created.then((each) => [each]) : [created];
}
