import type { UnderlyingSink } from "node:stream/web";
import { clearTimer, elapsed, nextTurn, PerdureError, setTimer } from "@perdure/protocol";
import type { Encoded, StepRow, Store, StreamWrite } from "@perdure/store";
import type { StreamSettings } from "../config/stream-options.ts";
import type { ValueStore } from "../values/codec.ts";
import { storableFailure } from "../values/thrown.ts";
import { StreamLog, type RecordedStreams, type StreamSource } from "./log.ts";

/** What streams need of the process. */
interface StreamsHost {
  readonly values: ValueStore;
  readonly settings: { readonly streams: StreamSettings };
  readonly store: Pick<Store, "name" | "readStream">;
  readonly tails: {
    /** The streams of this process that have something to commit. */
    readonly writing: Set<object>;
  };
}

/** The run whose streams these are. */
export interface StreamsOwner {
  readonly run: string;
  readonly host: StreamsHost;
  /** Commits the entries. `done` gets an error if they are not durable. */
  commit(write: StreamWrite, done: (error?: Error) => void): void;
  /** The body has written what cannot be recorded. */
  stop(error: unknown): void;
}

/** What a run offers to those that write to its streams. */
export type StreamsOfRun = Pick<RunStreams, "writable" | "renewed">;

/** Somebody who waits until entries are durable. */
interface Waiter {
  /** How many entries have to be durable, or how many bytes may still wait. */
  readonly entries: number;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface WritableOptions {
  /** What becomes of the chunks that an attempt of a task has written when the task is tried again. `reset`, the default: they are void. `keep`: they stay, and others follow them. */
  readonly onRetry?: "reset" | "keep";
}

/** How often its limit of one commit may await a commit, before a task waits. */
const BUFFERED = 4;

/** All streams of a run at its owner: collects their entries, and commits them in groups. */
export class RunStreams {
  private readonly owner: StreamsOwner;
  private readonly logs = new Map<string, StreamLog>();
  /** Ends the wait for the next commit. */
  private cancel: (() => void) | undefined;
  private isSoon = false;
  private inFlight = 0;
  private flushedAt = -Infinity;
  /** Entries, and bytes of those that are not durable. */
  private accepted = 0;
  private durable = 0;
  private pendingEntries = 0;
  private pendingBytes = 0;
  private bytes = 0;
  private waiting: Waiter[] = [];
  private failure: Error | undefined;

  constructor(owner: StreamsOwner, { heads, body }: RecordedStreams) {
    this.owner = owner;
    for (const head of heads)
      this.logs.set(head.stream, new StreamLog(this.logOwner, head.stream, head, body.get(head.stream)));
  }

  /** A writer to the stream. Nothing that the body awaits of it takes longer than a microtask, so that a replay finds the same order. */
  writable<T>(name: string, source: StreamSource, { onRetry = "reset" }: WritableOptions): WritableStream<T> {
    const { store } = this.owner.host;
    if (!store.readStream) throw new PerdureError("STREAMS_NOT_SUPPORTED", { store: store.name, stream: name });
    const log = this.logs.get(name) ?? new StreamLog(this.logOwner, name);
    this.logs.set(name, log);
    const refusal = source.refusal(`writable("${name}")`);
    if (refusal) throw refusal;
    const isBody = source.part === "";
    if (!isBody) log.open(source, onRetry === "keep");
    let refused: Promise<never> | undefined;
    const record = (entry: () => void): void => {
      try {
        entry();
      } catch (error) {
        if (!isBody) throw error;
        this.owner.stop(error);
        refused = new Promise(() => {});
      }
    };
    const sink: UnderlyingSink<T> = {
      write: () => refused ?? (isBody ? undefined : this.room()),
      close: () => {
        record(() => log.endWith(source, { type: "end" }));
        return refused ?? (isBody ? undefined : this.flushed());
      },
      abort: (reason) => {
        record(() => log.endWith(source, { type: "error", value: this.encodedError(name, reason) }));
        return refused;
      },
    };
    // `write()` asks for the size at once, and calls the sink when all chunks before are taken: its caller may have returned without waiting for that
    const size = (chunk?: T): number => {
      record(() => log.write(source, chunk));
      return 1;
    };
    return new WritableStream<T>(sink, { size });
  }

  /** The checkpoint of a step is about to be written. */
  settled({ id, attempt, state }: StepRow): void {
    const mayBeRenewed = state === "failed" && id.includes("//"); // a task that a task called
    for (const log of this.logs.values()) log.settled(id, attempt, mayBeRenewed);
  }

  /** A task that a task called begins anew, under another id. */
  renewed(step: string): void {
    for (const log of this.logs.values()) log.renewed(step);
  }

  /** The end of the run is about to be written. */
  ended(): void {
    for (const log of this.logs.values()) log.ended();
  }

  /** Commits what there is, together with the other writes of this turn of the event loop. */
  flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.isSoon = false;
    this.owner.host.tails.writing.delete(this);
    if (this.pendingEntries === 0) return;
    this.flushedAt = elapsed();
    const bytes = this.pendingBytes;
    const entries = this.pendingEntries;
    this.pendingBytes = this.pendingEntries = 0;
    const writes = [...this.logs.values()].flatMap((log) => {
      const taken = log.take();
      return taken.length > 0 ? [{ type: "stream", stream: log.name, entries: taken } as const] : [];
    });
    this.inFlight += writes.length;
    let left = writes.length;
    for (const write of writes)
      this.owner.commit(write, (error) => {
        this.inFlight--;
        this.failure ??= error;
        if (--left > 0) return;
        this.durable += entries;
        this.bytes -= bytes;
        this.committed();
      });
  }

  private encodedError(name: string, reason: unknown): Encoded {
    const { values } = this.owner.host;
    const what = `the abort of the stream "${name}"`;
    const error = reason ?? new Error(`the stream "${name}" was aborted`);
    return values.encode(storableFailure(values, error, what), what);
  }

  private get logOwner(): ConstructorParameters<typeof StreamLog>[0] {
    const { run, host } = this.owner;
    return { run, settings: host.settings.streams, values: host.values, added: (bytes) => this.added(bytes) };
  }

  private added(bytes: number): void {
    this.accepted++;
    this.pendingEntries++;
    this.pendingBytes += bytes;
    this.bytes += bytes;
    this.owner.host.tails.writing.add(this);
    this.schedule();
  }

  /** The first entry after a quiet time is committed at the end of this turn of the event loop, others after a while or when they are many. */
  private schedule(): void {
    if (this.isSoon || this.inFlight > 0 || this.pendingEntries === 0) return;
    const { flushEvery, flushBytes } = this.owner.host.settings.streams;
    const wait = this.pendingBytes >= flushBytes ? 0 : this.flushedAt + flushEvery - elapsed();
    if (wait > 0) {
      if (this.cancel) return;
      const timer = setTimer(() => this.flush(), wait);
      this.cancel = () => clearTimer(timer);
      return;
    }
    this.cancel?.();
    this.isSoon = true;
    let isCancelled = false;
    this.cancel = () => (isCancelled = true);
    nextTurn(() => !isCancelled && this.flush());
  }

  private committed(): void {
    const { waiting, failure, durable, bytes } = this;
    const isOver = (each: Waiter): boolean => durable >= each.entries || bytes <= each.bytes;
    this.waiting = failure ? [] : waiting.filter((each) => !isOver(each));
    for (const each of waiting) {
      if (failure) each.reject(failure);
      else if (isOver(each)) each.resolve();
    }
    this.schedule();
  }

  /** Resolves when so few bytes await their commit that more may come. Undefined: they may. */
  private room(): Promise<void> | undefined {
    const most = BUFFERED * this.owner.host.settings.streams.flushBytes;
    return this.failure || this.bytes > most ? this.until({ entries: Infinity, bytes: most }) : undefined;
  }

  /** Resolves when everything is durable. */
  private flushed(): Promise<void> | undefined {
    if (!this.failure && this.durable === this.accepted) return undefined;
    const flushed = this.until({ entries: this.accepted, bytes: -1 });
    this.flush();
    return flushed;
  }

  private until(state: Pick<Waiter, "entries" | "bytes">): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure) reject(this.failure);
      else this.waiting.push({ ...state, resolve, reject });
    });
  }
}
