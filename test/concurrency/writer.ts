import { Random } from "./random.ts";

/** A function of the generated module that holds durable calls, to be called with a path and the shared state `c`. */
export interface Helper {
  readonly name: string;
  readonly kind: "promise" | "async generator" | "generator";
  /** Durable calls of one activation, about. */
  readonly cost: number;
  /** Further arguments, for example the depth of a recursion. */
  readonly more: string;
}

/** Where in the program the next statement stands. */
export interface Place {
  /** The variable that holds the path of this activation or iteration: labels begin with it. */
  readonly path: string;
  /** How often the place is reached in one activation of its function, about. */
  readonly times: number;
  readonly depth: number;
  /** Variables that hold results. */
  readonly values: string[];
  /** Variables that hold names of signals that may have been delivered by now. */
  readonly signals: string[];
  /** A failure here is caught somewhere. */
  readonly guarded: boolean;
  /** Labels of the loops around, nearest last; "" for a loop without one. */
  readonly loops: readonly string[];
  readonly yields: boolean;
}

const DEEPEST = 4;

/** What the parts of the generator share: the random choices, fresh names, and how much is still to be written. */
export class Writer {
  readonly random: Random;
  readonly helpers: Helper[] = [];
  /** Durable calls that may still be written. */
  left = 0;
  /** Durable calls written in the current function. */
  cost = 0;
  private names = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  fresh(prefix: string): string {
    return `${prefix}${++this.names}`;
  }

  spend(calls: number): void {
    this.left -= calls;
    this.cost += calls;
  }

  mayNest({ depth }: Place): boolean {
    return this.left > 0 && depth < DEEPEST;
  }

  /** Helpers that can be called here without the program becoming endless. */
  callable(place: Place, kind: Helper["kind"]): Helper[] {
    return this.helpers.filter((helper) => helper.kind === kind && helper.cost * place.times <= 40);
  }

  call(helper: Helper, place: Place): string {
    this.spend(helper.cost * place.times);
    return `${helper.name}(${place.path} + ".${this.fresh("")}", c${helper.more})`;
  }
}

/** A place inside of `outer`: what is declared there stays there. */
export const inside = (outer: Place, changes: Partial<Place> = {}): Place => ({
  ...outer,
  depth: outer.depth + 1,
  values: [...outer.values],
  signals: [],
  ...changes,
});

/** A place in a function of its own. */
export const activation = (outer: Place, changes: Partial<Place> = {}): Place =>
  inside(outer, { loops: [], yields: false, ...changes });

export const block = (lines: readonly string[]): string =>
  `{\n${lines
    .flatMap((line) => line.split("\n"))
    .map((line) => `  ${line}`)
    .join("\n")}\n}`;
