import type { Steps } from "./steps.ts";

/** A run that an owner of this process writes to. */
interface Held {
  readonly epoch: number;
  readonly number: number;
  /** The highest one. */
  seq: number;
}

export interface Sequences {
  /** Whether no checkpoint of the run has this `seq` (S6). `number` is the number of the run. */
  isFree(run: string, number: number, epoch: number, seq: number): boolean;
  /** The number of the run, if an owner under this epoch has written to it before, and the `seq` is above all that it has. */
  numberIfNext(run: string, epoch: number, seq: number): number | undefined;
  taken(run: string, epoch: number, seq: number): void;
  forget(run: string): void;
}

/**
 * Enforces S6 without an index, which would cost a second page per commit and a quarter more space. All checkpoints of an epoch come from one owner
 * and therefore through one store. The store remembers the highest `seq`, and searches the table only for a `seq` that is not above it.
 */
export function sequences(steps: Pick<Steps, "lastSeq" | "hasSeq">): Sequences {
  const held = new Map<string, Held>();

  const of = (run: string, number: number, epoch: number): Held => {
    const found = held.get(run);
    if (found?.epoch === epoch) return found;
    const loaded = { epoch, number, seq: steps.lastSeq(number) };
    held.set(run, loaded);
    return loaded;
  };

  return {
    isFree: (run, number, epoch, seq) => seq > of(run, number, epoch).seq || !steps.hasSeq(number, seq),
    numberIfNext(run, epoch, seq) {
      const found = held.get(run);
      return found?.epoch === epoch && seq > found.seq ? found.number : undefined;
    },
    taken(run, epoch, seq) {
      const found = held.get(run);
      if (found?.epoch === epoch) found.seq = Math.max(found.seq, seq);
    },
    forget: (run) => void held.delete(run),
  };
}
