import type { RunStatus } from "./runs.ts";
import type { Awaitable, Encoded } from "./terms.ts";

/** An entry of a stream. Indexes count from 0. `part` is who wrote it: the id of a step, or empty for the body of the workflow. */
export type StreamRow = { readonly index: number } & (
  | {
      readonly type: "chunk";
      readonly part: string;
      readonly value: Encoded;
      /** The next attempt of the step continues after this chunk. */
      readonly keep?: true;
    }
  /** The stream has ended. */
  | { readonly type: "end"; readonly part: string }
  /** The stream has ended with this error. */
  | { readonly type: "error"; readonly part: string; readonly value: Encoded }
  /** Earlier entries with this index or a higher one are void: those of the part or, without `part`, all. */
  | { readonly type: "reset"; readonly part?: string; readonly from: number }
);

/** Further entries of a stream, by the owner of the run: a write of `commit`. */
export interface StreamWrite {
  readonly type: "stream";
  readonly stream: string;
  /** At least one. Their indexes rise, and the first is not below the `next` of the stream. */
  readonly entries: readonly StreamRow[];
}

/** What there is of one writer in a stream. */
export interface StreamPart {
  readonly part: string;
  /** The index of the first entry. */
  readonly first: number;
  /** How many chunks. */
  readonly chunks: number;
  /** One of them has `keep`. */
  readonly keep?: true;
  /** The index of its entry that ended the stream. */
  readonly endedAt?: number;
}

export interface StreamHead {
  readonly stream: string;
  /** The index after the highest one that an entry has had. */
  readonly next: number;
  /** How many bytes of UTF-8 the values of its entries have. */
  readonly bytes: number;
  /** Writers with an entry other than a reset, in any order. */
  readonly parts: readonly StreamPart[];
}

export interface StreamQuery {
  readonly run: string;
  readonly stream: string;
  /** Only entries with this index or a higher one. */
  readonly from: number;
  /** At most so many entries. */
  readonly limit: number;
  /** No further entry after those whose values have so many bytes together. */
  readonly bytes?: number;
  /** Only entries of this part, and resets of all parts. */
  readonly part?: string;
}

export interface StreamPage {
  readonly entries: readonly StreamRow[];
  /** The `next` of the stream; 0 if it has had no entry. */
  readonly next: number;
  /** The status of the run, and the epoch of its latest owner. */
  readonly status: RunStatus;
  readonly epoch: number;
}

/**
 * Streams of runs: logs that their owners write to and that others read. A store has all of these methods or none, and accepts writes of type `stream` if it has them.
 *
 * W1 A write of type `stream` is fenced (S4) and done together with the other writes of its batch (S3, S21). It changes nothing, and returns false, if the index of its first entry is
 *    below the `next` of the stream. Then each index is given once, also over resets and restarts. Indexes may be left out.
 * W2 A reset deletes the entries that it makes void, except resets, in the same transition. It stays, as `next` does.
 * W3 `readStream` returns entries in the order of their indexes. Entries, `next`, status and epoch are of one moment: if the run has ended, the stream has no further entry under this epoch.
 * W4 A restart (S14) leaves each stream of the run one entry, the next one: a reset of all parts from 0. `delete` and `prune` delete the streams of a run, `retry` keeps them, and a fork
 *    has none.
 * W5 `Claimed` of a run with streams has the heads that `streams` returns.
 */
export interface StreamStore {
  /** Undefined: the run does not exist. */
  readStream(query: StreamQuery): Awaitable<StreamPage | undefined>;
  /** The streams that have had an entry, in any order. */
  streams(run: string): Awaitable<StreamHead[]>;
}
