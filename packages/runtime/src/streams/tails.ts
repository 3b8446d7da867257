import { clearTimer, nextTurn, PerdureError, setTimer } from "@perdure/protocol";
import { isFinal, type Awaitable, type Store, type StreamPage } from "@perdure/store";
import type { Clock } from "../config/clock.ts";

/** What reading streams needs of the process. */
export interface TailsContext {
  readonly clock: Clock;
  readonly settings: { readonly pollInterval: number };
  ready(): Promise<Store>;
  /** Makes the call again while the store does not answer. */
  untilAnswered<T>(call: () => Awaitable<T>): Awaitable<T>;
  /** Calls `changed` soon after another process has written to the store, if it can tell. Returns what ends it. */
  watchStore(changed: () => void): () => void;
  /** Whether the run is executed in this process. */
  isHere(run: string): boolean;
}

/** Which stream. */
export interface StreamPlace {
  readonly run: string;
  readonly stream: string;
}

/** A page as a reader gets it. `version` tells what has changed since. */
export interface ReadPage extends StreamPage {
  readonly version: number;
}

/** A reader that waits. */
export interface Waiter {
  wake(): void;
}

/** The readers of one stream that wait, or read at this moment. */
interface Tail extends StreamPlace {
  version: number;
  readonly waiters: Set<Waiter>;
  /** What was read since the last change, by the index from which. */
  pages: Map<number, Promise<ReadPage>>;
  reading: number;
  /** Ends the wait for the next look. */
  cancelTimer: (() => void) | undefined;
}

/** How much one read of the store brings. */
const PAGE = { limit: 500, bytes: 262_144 };

/** Pages of one stream that are kept for other readers. */
const MOST_PAGES = 8;

/** Milliseconds for which the store is watched after the last reader has ended its wait: most come back at once. */
const LINGER = 1_000;

/**
 * How a process reads streams. All readers of a stream share what is read of the store: at the same place, a thousand readers are one read. Nobody pushes: a reader takes what it asks
 * for, so that a slow one holds back nobody, and costs no memory.
 */
export class Tails {
  private readonly context: TailsContext;
  private readonly tails = new Map<string, Tail>();
  private versions = 0;
  private endWatch: (() => void) | undefined;
  private lingering: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Streams of runs in memory with entries that are not on their way to the store. */
  readonly writing = new Set<object>();

  constructor(context: TailsContext) {
    this.context = context;
  }

  /** Entries of this stream were committed here. */
  written(run: string, stream: string): void {
    const tail = this.tails.get(keyOf({ run, stream }));
    if (tail) this.changed(tail);
  }

  /** The run has ended, or left the memory of this process. */
  runChanged(run: string): void {
    for (const tail of this.tails.values()) if (tail.run === run) this.changed(tail);
  }

  /** @throws PerdureError `RUN_NOT_FOUND`, `STREAMS_NOT_SUPPORTED`, `RUNTIME_CLOSED`, `STORE_*` */
  read(place: StreamPlace, from: number): Promise<ReadPage> {
    const tail = this.tailOf(place);
    const known = tail.pages.get(from);
    if (known) return known;
    const page = this.readPage(tail, from);
    if (tail.pages.size >= MOST_PAGES) tail.pages = new Map();
    tail.pages.set(from, page);
    const forget = (): void => void tail.pages.delete(from);
    // the next reader makes a call that failed again. What is read beyond the end tells others nothing
    page.then(({ next }) => next < from && forget(), forget);
    return page;
  }

  private async readPage(tail: Tail, from: number): Promise<ReadPage> {
    const { run, stream, version } = tail;
    tail.reading++;
    try {
      const store = await this.context.ready();
      if (store.readStream === undefined)
        throw new PerdureError("STREAMS_NOT_SUPPORTED", { store: store.name, stream });
      const page = await this.context.untilAnswered(() => store.readStream?.({ run, stream, from, ...PAGE }));
      if (!page) throw new PerdureError("RUN_NOT_FOUND", { run });
      return { ...page, version };
    } finally {
      tail.reading--;
      this.drop(tail);
    }
  }

  /** Resolves when the stream may have changed since that version. */
  wait(place: StreamPlace, version: number, waiter: Waiter): Promise<void> {
    const tail = this.tailOf(place);
    if (tail.version !== version || this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = waiter.wake.bind(waiter);
      waiter.wake = () => {
        waiter.wake = wake;
        tail.waiters.delete(waiter);
        this.drop(tail);
        resolve();
      };
      tail.waiters.add(waiter);
      this.look(tail);
    });
  }

  private tailOf(place: StreamPlace): Tail {
    const key = keyOf(place);
    const { run, stream } = place;
    const known = this.tails.get(key);
    if (known) return known;
    const version = ++this.versions;
    const tail = {
      run,
      stream,
      version,
      waiters: new Set<Waiter>(),
      pages: new Map(),
      reading: 0,
      cancelTimer: undefined,
    };
    this.tails.set(key, tail);
    return tail;
  }

  private changed(tail: Tail): void {
    tail.version = ++this.versions;
    tail.pages = new Map();
    tail.cancelTimer?.();
    tail.cancelTimer = undefined;
    for (const waiter of tail.waiters) waiter.wake();
  }

  /** What other processes write is found by the next look, or as soon as the store tells. */
  private look(tail: Tail): void {
    if (tail.cancelTimer || this.context.isHere(tail.run)) return;
    const { clock, settings } = this.context;
    tail.cancelTimer = clock.at(clock.now() + settings.pollInterval, () => this.changed(tail));
    if (this.lingering) clearTimer(this.lingering);
    this.lingering = undefined;
    this.endWatch ??= this.context.watchStore(() => {
      for (const each of this.tails.values()) if (each.cancelTimer) this.changed(each);
    });
  }

  /** Forgets a stream that nobody reads, in a later turn: who was woken reads again in this one. */
  private drop(tail: Tail): void {
    if (tail.waiters.size > 0 || tail.reading > 0) return;
    nextTurn(() => {
      if (tail.waiters.size > 0 || tail.reading > 0 || this.tails.get(keyOf(tail)) !== tail) return;
      tail.cancelTimer?.();
      this.tails.delete(keyOf(tail));
      if (this.tails.size === 0 && this.endWatch) this.lingering ??= setTimer(() => this.unwatch(), LINGER).unref();
    });
  }

  private unwatch(): void {
    this.lingering = undefined;
    this.endWatch?.();
    this.endWatch = undefined;
  }

  /** Wakes everybody: the next read rejects. */
  close(): void {
    this.isClosed = true;
    if (this.lingering) clearTimer(this.lingering);
    this.unwatch();
    for (const tail of this.tails.values()) this.changed(tail);
  }
}

const keyOf = ({ run, stream }: StreamPlace): string => JSON.stringify([run, stream]);

/** Whether nothing more can come after the page. */
export const isLast = ({ entries, status }: ReadPage): boolean => entries.length === 0 && isFinal(status);
