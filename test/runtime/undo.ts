/** A helper of workflows that knows nothing of Perdure, as people write them. */
export class Undo {
  private readonly steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.steps.push(step);
  }

  /** Calls `body`; if that fails, calls the steps that were added, the last one first. */
  async around<T>(body: (undo: Undo) => Promise<T>): Promise<T> {
    try {
      return await body(this);
    } catch (error) {
      for (const step of this.steps.reverse()) await step();
      throw error;
    }
  }
}

export const withFallback = <T>(first: Promise<T>, fallback: () => Promise<T>): Promise<T> => first.catch(fallback);
