import type { Encoded, SignalRow, StepRow, Write } from "@perdure/store";
import type { NewRow } from "../history/call.ts";
import type { StepSlot } from "../queues/step-slot.ts";
import type { PendingCall, RunInMemory } from "./step.ts";

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type WriteBody = DistributiveOmit<Write, "run" | "epoch">;

/** What becomes of the run as a whole, or of a step that has not finished. */
export type RunWrite = Extract<WriteBody, { type: "step" | "finish" | "release" }>;

/** The run, as its engine sees it. */
export interface EngineRun extends RunInMemory {
  readonly hasEnded: boolean;
  /** A cancellation takes its place among the completions, as a checkpoint of its own. */
  cancel(reason: Encoded): void;
  /** The workflow has waited for something that is not durable for `stallTimeout`. */
  waitsOutside(): void;
  /** The checkpoint is durable. Its delivery takes its turn in the queue. */
  completed(checkpoint: StepRow): void;
}

/**
 * What an execution needs from below: something that executes steps, and keeps what has happened. After a crash the workflow gets the same
 * completions in the same order again (R2), and none before it is durable (R3). `Journal` is the engine of this process and its store.
 */
export interface Engine {
  /** Whether a checkpoint of this execution is durable. */
  readonly hasProgressed: boolean;
  /** Begins a step that has no checkpoint. @param open - what an earlier execution recorded of it */
  begin(call: PendingCall, open: StepRow | undefined): void;
  /** All completions are delivered, and all steps have begun: the run waits for the next completion. Also called when an attempt has ended. */
  next(): void;
  /** Makes a finished step durable. `then` gets the checkpoint. */
  checkpoint(step: NewRow, consume: SignalRow | undefined, then: (row: StepRow) => void, slot?: StepSlot): void;
  /** Makes an unfinished step, or the end or release of the run, durable, and then calls `then`. */
  write(write: RunWrite, then: () => void, slot?: StepSlot): void;
  /** Records what the run says of its progress: soon, or with the next write. */
  progress(value: Encoded): void;
  /** What is recorded of the tasks that the task of this step called, each with the name that the present code has for it. */
  innerOf(step: string): { readonly row: StepRow; readonly name: string }[];
}
