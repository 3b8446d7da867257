import type { Steps } from "./steps.ts";

export interface Sequences {
  /** Whether no checkpoint of the run has this `seq` (S6). */
  isFree(run: number, epoch: number, seq: number): boolean;
  taken(run: number, epoch: number, seq: number): void;
  forget(run: number): void;
}

/**
 * Enforces S6 without an index, which would cost a second page per commit and a quarter more space. All checkpoints of an epoch come from one owner
 * and therefore through one store. The store remembers the highest `seq`, and searches the table only for a `seq` that is not above it.
 */
export function sequences(steps: Pick<Steps, "lastSeq" | "hasSeq">): Sequences {
  const highest = new Map<number, { readonly epoch: number; seq: number }>();

  const of = (run: number, epoch: number): { seq: number } => {
    const found = highest.get(run);
    if (found?.epoch === epoch) return found;
    const loaded = { epoch, seq: steps.lastSeq(run) };
    highest.set(run, loaded);
    return loaded;
  };

  return {
    isFree: (run, epoch, seq) => seq > of(run, epoch).seq || !steps.hasSeq(run, seq),
    taken(run, epoch, seq) {
      const last = of(run, epoch);
      last.seq = Math.max(last.seq, seq);
    },
    forget: (run) => void highest.delete(run),
  };
}
