import type { KnownQueue } from "../definitions/queues.ts";

/** A step that needs a slot of a queue for an attempt. */
export interface SlotRequest {
  readonly run: string;
  readonly epoch: number;
  readonly step: string;
  readonly queue: KnownQueue;
  readonly key: string;
  readonly rank: number;
  /** It uses a slot that another step, or the run, has, and only waits for the rate. */
  readonly isLent: boolean;
  /** It has a slot. */
  taken(): void;
  /** It stands in line. `offered` and `taken` follow. False: nobody waits for that any more. */
  waits(): boolean;
  /** It is about to take a slot. */
  offered(): void;
  /** Another owner has the run. */
  lost(): void;
  /** The store failed. */
  failed(error: unknown): void;
}

/** Where slots are asked for, and given back. */
export interface SlotDesk {
  ask(request: SlotRequest): void;
  /** Whether its slot is certainly still its own, by this process's own clock. */
  holds(request: SlotRequest): boolean;
  /** Whether an attempt may begin with it now, as far as the rate is concerned: not much later than the recorded start. */
  isOnTime(request: SlotRequest): boolean;
  /** Corrects the recorded start, or asks for another one. `taken` follows. */
  correctStart(request: SlotRequest): void;
  /** Gives its slot back, which may be another's by now, and asks for one again. */
  askAgain(request: SlotRequest): void;
  /** The request is not in this process's memory any more. Its place in line stays. */
  withdraw(request: SlotRequest): void;
  /** Its slot, or its place in line, is given back with a write that is about to be made. */
  leavesWithWrite(request: SlotRequest): void;
  /** Gives back its slot, or its place in line, also that of an earlier owner of the run. */
  leave(request: Pick<SlotRequest, "run" | "epoch" | "step">): void;
}
