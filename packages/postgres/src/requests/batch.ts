import type { Write } from "@perdure/store/contract";

/** A step that needs nothing but its row, of a run whose number is known. */
export interface Plain {
  readonly number: number;
  readonly write: Extract<Write, { type: "step" }>;
}

/** How a batch is sent: the second time as the first. */
export interface Sent {
  /** Which writes have a `seq` above all that their runs have. */
  readonly isNext: readonly boolean[];
  /** Undefined: the server applies the writes one by one. */
  readonly plain: readonly Plain[] | undefined;
}

/** What this process knows of a batch: its answers, or, as long as nobody knows whether it was done, how it was sent. */
export type Batch = { readonly answers: boolean[] } | { readonly sent: Sent };
