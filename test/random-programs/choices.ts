import fc from "fast-check";

/** The first 32 bits of a hash of a text (FNV-1a, with its bits mixed once more). */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}

const RANGE = 100_000;

/**
 * Numbers that are read as decisions. Zero decides for the first alternative, which is the simplest: a shorter sequence, or one of smaller numbers, is a
 * smaller program or a calmer schedule, and fast-check shrinks it.
 */
export class Choices {
  private next = 0;
  private readonly numbers: readonly number[];
  private readonly seed: number;

  /** @param seed - of the decisions after all numbers are used; 0: they are zeros */
  constructor(numbers: readonly number[], seed = 0) {
    this.numbers = numbers;
    this.seed = seed;
  }

  /** From 0 up to, not including, `end`. */
  below(end: number): number {
    const index = this.next++;
    return (this.numbers[index] ?? (this.seed && hash(`${this.seed} ${index}`) % RANGE)) % end;
  }

  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** @param percent - down to thousandths */
  chance(percent: number): boolean {
    return this.below(RANGE) >= RANGE * (1 - percent / 100);
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

const number = fc.nat(RANGE - 1);

const numbers = (most: number): fc.Arbitrary<number[]> =>
  fc.noBias(fc.array(number, { minLength: 1, maxLength: most, size: "max" }));

/** Up to `most` decisions about a program. */
export const choices = (most: number): fc.Arbitrary<Choices> => numbers(most).map((all) => new Choices(all));

/** Decisions about when things happen, without an end. */
export const schedules: fc.Arbitrary<Choices> = fc
  .tuple(fc.noBias(number), numbers(100))
  .map(([seed, all]) => new Choices(all, seed));
