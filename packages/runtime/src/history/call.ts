import type { StepKind, StepRow } from "@perdure/store";

/** A durable call that the workflow makes, as far as the recorded steps are compared with it. */
export interface Call {
  readonly id: string;
  readonly kind: StepKind;
  readonly inputHash: string;
  readonly location: string | undefined;
  /** Whether its step executes here, as opposed to being replayed. */
  readonly hasBegun: boolean;
}

/** A step that is about to be recorded. A finished one gets its sequence number then. */
export type NewRow = { -readonly [K in keyof StepRow]: StepRow[K] };
