import { Choices } from "../../../../test/random-programs/choices.ts";
import type { Point } from "./gate.ts";
import { changing } from "./outcome.ts";

/** Two transitions, the first of which stands still at a point. */
export interface Case {
  readonly situation: string;
  readonly first: string;
  readonly second: string;
  readonly point: Point;
}

/** All pairs in all situations, each pair once before one comes again. */
export async function allCases(seed: number): Promise<Case[]> {
  const random = new Choices([], seed);
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, place: random.below(1e9) }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  const rounds: Case[][] = [];
  const seen = new Map<string, number>();
  for (const [situation, names] of shuffled([...(await changing())]))
    for (const first of names)
      for (const second of names) {
        const pair = `${first}, ${second}`;
        const round = seen.get(pair) ?? 0;
        seen.set(pair, round + 1);
        const point = random.pick<Point>(["commit", "commit", 1, 2, 3]);
        (rounds[round] ??= []).push({ situation, first, second, point });
      }
  return rounds.flatMap(shuffled);
}
