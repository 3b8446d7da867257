import type { UnderlyingSource } from "node:stream/web";
import { PerdureError } from "@perdure/protocol";
import type { RunRow, StreamRow } from "@perdure/store";
import { isFinal } from "@perdure/store";
import type { ValueStore } from "../values/codec.ts";
import { CancelledError } from "../values/errors.ts";
import { isLast, type StreamPlace, type Tails, type Waiter } from "./tails.ts";

/** Chunks that a reader may have received and that are void: those of `part` with the index `from` or a higher one. */
export interface StreamReset {
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
    const entries = open(options);
    super(
      entries.source(({ value }) => value, options.onReset),
      { highWaterMark: 0 },
    );
    this.open = open;
    this.options = options;
  }

  /** The same with the index of each chunk, and with resets. Options that are not given are those of `readable()`. */
  entries(options: Pick<ReadableOptions, "from" | "signal"> = {}): ReadableStream<StreamEntry<T>> {
    const { onReset: _, ...own } = this.options;
    const source = this.open({ ...own, ...options }).source((chunk) => chunk as StreamEntry<T>, "deliver");
    return new ReadableStream(source, { highWaterMark: 0 });
  }
}

/** One reader of a stream. */
class Entries<T> implements Waiter {
  private readonly context: ReadingContext;
  private readonly place: StreamPlace;
  private readonly signal: AbortSignal | undefined;
  /** Where it began, and where it continues. */
  private readonly from: number;
  private next: number;
  /** By writer, the index of the last chunk that was received. */
  private readonly received = new Map<string, number>();
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

  /**
   * @param onReset - `deliver`: resets are entries like chunks
   */
  source<R>(
    show: (chunk: StreamChunk<T>) => R,
    onReset: ((reset: StreamReset) => void) | "deliver" | undefined,
  ): UnderlyingSource<R> {
    const { signal } = this;
    const abort = (): void => this.wake();
    const end = (): void => {
      this.isOver = true;
      signal?.removeEventListener("abort", abort);
      this.wake();
    };
    return {
      start: () => signal?.addEventListener("abort", abort),
      pull: async (controller) => {
        try {
          for (;;) {
            const entry = await this.read();
            if (this.isOver) return;
            if (!entry) {
              end();
              return controller.close();
            }
            if (entry.type === "chunk") return controller.enqueue(show(entry));
            if (onReset === "deliver") return controller.enqueue(entry as R);
            if (!onReset) throw new PerdureError("STREAM_RESET", { ...this.place, from: entry.from });
            onReset(entry);
          }
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: end,
    };
  }

  /** The next entry; undefined at the end of the stream. */
  private async read(): Promise<StreamEntry<T> | undefined> {
    const { tails } = this.context;
    for (;;) {
      this.signal?.throwIfAborted();
      if (this.isOver) return undefined;
      const row = this.rows[this.at];
      if (!row) {
        const page = await tails.read(this.place, this.next);
        this.rows = page.entries;
        this.at = 0;
        if (isLast(page) && (await this.hasEnded())) return undefined;
        if (page.entries.length === 0) await tails.wait(this.place, page.version, this);
        continue;
      }
      this.at++;
      this.next = row.index + 1;
      if (row.type === "end") return undefined;
      if (row.type === "error") throw this.context.values.decode(row.value);
      const entry = row.type === "chunk" ? this.chunkOf(row) : this.resetOf(row);
      if (entry) return entry;
    }
  }

  private chunkOf({ index, part, value }: Extract<StreamRow, { type: "chunk" }>): StreamChunk<T> {
    const chunk = { index, type: "chunk", part, value: this.context.values.decode(value) as T } as const;
    this.received.set(part, index);
    return chunk;
  }

  /** Undefined: nothing that was received is void. */
  private resetOf({ index, part, from }: Extract<StreamRow, { type: "reset" }>): StreamReset | undefined {
    const last = part === undefined ? Math.max(-1, ...this.received.values()) : (this.received.get(part) ?? -1);
    if (last < from && this.from <= from) return undefined;
    return { index, type: "reset", ...(part !== undefined && { part }), from };
  }

  /**
   * Whether the run has completed. False: it is not at its end any more.
   * @throws what the run failed with, or CancelledError
   */
  private async hasEnded(): Promise<boolean> {
    const { status, output } = await this.context.row(this.place.run);
    if (status === "completed") return true;
    if (!isFinal(status)) return false;
    const error = this.context.values.decode(output ?? "");
    throw status === "cancelled" && !(error instanceof CancelledError) ? new CancelledError(error) : error; // it had not begun
  }
}
