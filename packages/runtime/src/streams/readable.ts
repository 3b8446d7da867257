import type { UnderlyingSource } from "node:stream/web";
import { PerdureError } from "@perdure/protocol";
import type { RunRow, StreamPage, StreamRow } from "@perdure/store";
import type { ValueStore } from "../values/codec.ts";
import { CancelledError } from "../values/errors.ts";
import { isLast, type StreamPlace, type Tails, type Waiter } from "./tails.ts";

/** Chunks that a reader may have received and that are void: those of `part` with the index `from` or a higher one. */
export interface StreamReset {
  /** -1: the run was deleted, and there is another one with its id, whose chunks follow from the first one on. */
  readonly index: number;
  readonly type: "reset";
  /** Id of the step that wrote them, empty for the body of the workflow. Undefined: those of all writers. */
  readonly part?: string;
  readonly from: number;
}

export interface StreamChunk<T> {
  readonly index: number;
  readonly type: "chunk";
  /** Id of the step that wrote it, empty for the body of the workflow. */
  readonly part: string;
  readonly value: T;
}

export type StreamEntry<T = unknown> = StreamChunk<T> | StreamReset;

/** An entry, or how the stream has ended. */
export type StreamEvent<T = unknown> =
  StreamEntry<T> | { readonly type: "end" } | { readonly type: "error"; readonly error: unknown };

export interface ReadableOptions {
  /** The index of the first chunk. Default 0. */
  readonly from?: number;
  /** Ends the reading: the stream fails with its reason. */
  readonly signal?: AbortSignal;
  /** Called when chunks that were received are void. Without it, the stream fails with `STREAM_RESET`. */
  readonly onReset?: (reset: StreamReset) => void;
}

/** What readers need of the process. */
export interface ReadingContext {
  readonly tails: Tails;
  readonly values: ValueStore;
  row(run: string): Promise<RunRow>;
}

/** The chunks of a stream of a run, as they are recorded. Nothing is read before somebody asks for it. */
export class Readable<T = unknown> extends ReadableStream<T> {
  private readonly open: (options: ReadableOptions) => Entries<T>;
  private readonly options: ReadableOptions;

  constructor(context: ReadingContext, place: StreamPlace, options: ReadableOptions = {}) {
    const open = (given: ReadableOptions): Entries<T> => new Entries(context, place, given);
    const { onReset } = options;
    const received = (event: StreamEvent<T>): Received<T> => {
      if (event.type === "chunk") return [event.value];
      if (event.type === "error") throw event.error;
      if (event.type === "end") return [];
      if (!onReset) throw new PerdureError("STREAM_RESET", { ...place, from: event.from });
      onReset(event);
      return [];
    };
    super(open(options).source(received), { highWaterMark: 0 });
    this.open = open;
    this.options = options;
  }

  /** The same with the index of each chunk, and with resets. Options that are not given are those of `readable()`. */
  entries(options: Pick<ReadableOptions, "from" | "signal"> = {}): ReadableStream<StreamEntry<T>> {
    const received = (event: StreamEvent<T>): Received<StreamEntry<T>> => {
      if (event.type === "error") throw event.error;
      return event.type === "end" ? [] : [event];
    };
    const source = this.open({ ...this.options, ...options }).source(received);
    return new ReadableStream(source, { highWaterMark: 0 });
  }

  /**
   * @internal The entries, and how the stream has ended. Without that, the reading was cut off: another reader may continue.
   * @param continues - the entry before `from` was received
   */
  events(options: Pick<ReadableOptions, "from"> = {}, continues = false): ReadableStream<StreamEvent<T>> {
    const entries = this.open({ ...this.options, ...options });
    if (continues) entries.continues();
    const source = entries.source((event) => [event], true);
    return new ReadableStream(source, { highWaterMark: 0 });
  }
}

/** What a reader is given of an event: one value, or none. */
type Received<R> = readonly [] | readonly [R];

/** One reader of a stream. */
class Entries<T> implements Waiter {
  private readonly context: ReadingContext;
  private readonly place: StreamPlace;
  private readonly signal: AbortSignal | undefined;
  /** Where it began, and where it continues. */
  private from: number;
  private next: number;
  /** The index to which the stream has come at least. */
  private reached = 0;
  /** The index of the last chunk that was received, of each writer and of all. */
  private readonly received = new Map<string, number>();
  private last = -1;
  private rows: readonly StreamRow[] = [];
  private at = 0;
  private isOver = false;
  /** Replaced while it waits. */
  wake: () => void = () => {};

  constructor(context: ReadingContext, place: StreamPlace, { from = 0, signal }: ReadableOptions) {
    if (!(Number.isSafeInteger(from) && from >= 0)) {
      const params = { option: "from", value: String(from), expected: "the index of a chunk, from 0" };
      throw new PerdureError("OPTION_INVALID", params);
    }
    this.context = context;
    this.place = place;
    this.signal = signal;
    this.from = this.next = from;
  }

  /** The entry before was received by another reader. */
  continues(): void {
    this.reached = this.next;
  }

  /**
   * @param received - what is given of each event. Throws what the reading fails with
   * @param closes - the reading ends, and does not fail, if it is aborted or this process closes
   */
  source<R>(received: (event: StreamEvent<T>) => Received<R>, closes = false): UnderlyingSource<R> {
    const { signal } = this;
    const abort = (): void => this.wake();
    const end = (): void => {
      this.isOver = true;
      signal?.removeEventListener("abort", abort);
      this.wake();
    };
    return {
      pull: async (controller) => {
        signal?.addEventListener("abort", abort); // once, however often
        try {
          for (;;) {
            const event = await this.read();
            if (this.isOver) return;
            const given = received(event);
            for (const value of given) controller.enqueue(value);
            if (event.type === "end" || event.type === "error") {
              end();
              return controller.close();
            }
            if (given.length > 0) return;
          }
        } catch (error) {
          end();
          const isCutOff =
            signal?.aborted === true || (error instanceof PerdureError && error.code === "RUNTIME_CLOSED");
          if (!closes || !isCutOff) throw error;
          controller.close();
        }
      },
      cancel: end,
    };
  }

  private async read(): Promise<StreamEvent<T>> {
    const { tails, values } = this.context;
    for (;;) {
      this.signal?.throwIfAborted();
      if (this.isOver) return END;
      const row = this.rows[this.at];
      if (!row) {
        const page = await tails.read(this.place, this.next);
        if (page.next < this.reached) return this.beginAnew();
        this.rows = page.entries;
        this.at = 0;
        const ended = isLast(page) && (await this.endOfRun(page));
        if (ended) return ended;
        if (page.entries.length === 0) await tails.wait(this.place, page.version, this);
        continue;
      }
      this.at++;
      this.next = this.reached = row.index + 1;
      if (row.type === "end") return END;
      if (row.type === "error") return { type: "error", error: values.decode(row.value) };
      const entry = row.type === "chunk" ? this.chunkOf(row) : this.resetOf(row);
      if (entry) return entry;
    }
  }

  /** Indexes never fall: the run was deleted, and another one has its id. */
  private beginAnew(): StreamReset {
    this.from = this.next = this.reached = 0;
    this.last = -1;
    this.received.clear();
    return { index: -1, type: "reset", from: 0 };
  }

  private chunkOf({ index, part, value }: Extract<StreamRow, { type: "chunk" }>): StreamChunk<T> {
    const chunk = { index, type: "chunk", part, value: this.context.values.decode(value) as T } as const;
    this.received.set(part, index);
    this.last = index;
    return chunk;
  }

  /** Undefined: nothing that was received is void. */
  private resetOf({ index, part, from }: Extract<StreamRow, { type: "reset" }>): StreamReset | undefined {
    const last = part === undefined ? this.last : (this.received.get(part) ?? -1);
    if (last < from && this.from <= from) return undefined;
    return { index, type: "reset", ...(part !== undefined && { part }), from };
  }

  /** What the run has ended with. Undefined: it was tried again after the page was read. */
  private async endOfRun(page: StreamPage): Promise<StreamEvent<T> | undefined> {
    const { status, epoch, output } = await this.context.row(this.place.run);
    if (status !== page.status || epoch !== page.epoch) return undefined;
    if (status === "completed") return END;
    const error = this.context.values.decode(output ?? "");
    const isWrapped = status === "cancelled" && !(error instanceof CancelledError); // it had not begun
    return { type: "error", error: isWrapped ? new CancelledError(error) : error };
  }
}

const END = { type: "end" } as const;
