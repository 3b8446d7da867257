import { nextTurn, PerdureError } from "@perdure/protocol";
import type { Awaitable, Store, Write } from "@perdure/store";
import { timed, type Instrumentation } from "../config/instrumentation.ts";

interface Entry {
  readonly write: Write;
  readonly done: (result: unknown) => void;
}

/** Collects the writes of one event-loop turn, of all runs, into one commit. */
export class Committer {
  private readonly store: Store;
  private readonly onCommit: Instrumentation["onCommit"];
  private entries: Entry[] = [];
  private scheduled = false;
  private busy = false;
  private idle: (() => void)[] = [];

  constructor(store: Store, onCommit?: Instrumentation["onCommit"]) {
    this.store = store;
    this.onCommit = onCommit;
  }

  add(write: Write, done: (result: unknown) => void): void {
    this.entries.push({ write, done });
    this.schedule();
  }

  get isEmpty(): boolean {
    return this.entries.length === 0 && !this.busy;
  }

  /** Resolves when every write that was added is answered. */
  async flush(): Promise<void> {
    if (this.isEmpty) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private schedule(): void {
    if (this.scheduled || this.busy || this.entries.length === 0) return;
    this.scheduled = true;
    nextTurn(() => {
      this.scheduled = false;
      this.commit();
    });
  }

  private async oneByOne(batch: readonly Entry[]): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const { write } of batch) {
      try {
        results.push((await this.write([write]))[0]);
      } catch (error) {
        results.push(error ?? new Error("the store failed"));
      }
    }
    return results;
  }

  private write(writes: Write[]): Awaitable<unknown[]> {
    const { onCommit, store } = this;
    return onCommit ? timed(onCommit, writes.length, () => store.commit(writes)) : store.commit(writes);
  }

  private commit(): void {
    const batch = this.entries;
    this.entries = [];
    const answer = (results: readonly unknown[]) => {
      this.busy = false;
      batch.forEach(({ done }, index) => done(results[index]));
      this.schedule();
      if (!this.scheduled) for (const resolve of this.idle.splice(0)) resolve();
    };
    const fail = (error: unknown): void => {
      const [, ...others] = batch;
      // what became of a batch that was not answered is not known: each of its runs is claimed and replayed
      const isUnknown = error instanceof PerdureError && error.code === "STORE_TIMEOUT";
      if (isUnknown) return answer(batch.map(() => error));
      if (others.length === 0) return answer([error ?? new Error("the store failed")]);
      void this.oneByOne(batch).then(answer); // the write of one run must not prevent those of the others
    };
    this.busy = true;
    try {
      const results = this.write(batch.map(({ write }) => write));
      if (results instanceof Promise) results.then(answer, fail);
      else answer(results);
    } catch (error) {
      fail(error);
    }
  }
}
