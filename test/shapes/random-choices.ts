import fc from "fast-check";

/**
 * Numbers that are read as decisions. When they are used up, every decision is the first alternative, which is the simplest: so a shorter sequence, or one
 * of smaller numbers, is a smaller program, and fast-check knows how to shrink it.
 */
export class Choices {
  private next = 0;
  private readonly numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  /** From 0 up to, not including, `end`. */
  below(end: number): number {
    return (this.numbers[this.next++] ?? 0) % end;
  }

  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** One of `choices`, each as likely as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let rest = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) if ((rest -= weight) < 0) return choice;
    throw new RangeError("nothing to choose from");
  }
}

/** Up to `most` decisions. */
export const choices = (most: number): fc.Arbitrary<Choices> =>
  fc
    .noBias(fc.array(fc.nat(99_999), { minLength: 1, maxLength: most, size: "max" }))
    .map((numbers) => new Choices(numbers));
