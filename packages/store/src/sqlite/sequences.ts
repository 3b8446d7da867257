import type { Steps } from "./steps.ts";

export interface Sequences {
  /** Whether no checkpoint of the run has this place (S6). */
  isFree(run: number, epoch: number, seq: number): boolean;
  taken(run: number, epoch: number, seq: number): void;
  forget(run: number): void;
}

/**
 * S6 without an index, which would cost a second page in each commit and a quarter more space. All checkpoints of an epoch come from one owner and
 * so through one store; it remembers the highest place, and only a place that is not above it is looked for in the table.
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
