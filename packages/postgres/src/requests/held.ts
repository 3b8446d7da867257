/** A run that an owner of this process writes to. */
interface HeldRun {
  readonly epoch: number;
  readonly number: number;
  /** The highest `seq` of its checkpoints, or a higher one. */
  seq: number;
}

export interface Held {
  add(run: string, held: HeldRun): void;
  /** The run's number, if its owner under this epoch claimed it through this store. */
  numberOf(run: string, epoch: number): number | undefined;
  /** Whether the `seq` is above all that the run has. Then it is the highest. */
  isNext(run: string, epoch: number, seq: number): boolean;
  forget(run: string): void;
  clear(): void;
}

/**
 * Enforces S6 without an index, which would cost every checkpoint one more entry. All checkpoints of an epoch come from one owner and therefore through one store.
 * The store remembers the highest `seq`; only for one that is not above it, the server searches the run's steps.
 */
export function heldRuns(): Held {
  const held = new Map<string, HeldRun>();
  const of = (run: string, epoch: number): HeldRun | undefined => {
    const found = held.get(run);
    return found?.epoch === epoch ? found : undefined;
  };
  return {
    add: (run, given) => void held.set(run, { ...given }),
    numberOf: (run, epoch) => of(run, epoch)?.number,
    isNext(run, epoch, seq) {
      const found = of(run, epoch);
      if (!found || seq <= found.seq) return false;
      found.seq = seq;
      return true;
    },
    forget: (run) => void held.delete(run),
    clear: () => held.clear(),
  };
}
