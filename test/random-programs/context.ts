import type { Choices } from "./choices.ts";

/** What calling a function entails. */
export interface Traits {
  /** How many tasks one call of it runs, at most. */
  readonly cost: number;
  readonly fails: boolean;
  /** It writes to the common log, so that it must not run where `At.quiet` is set. */
  readonly logs: boolean;
  readonly task: boolean;
}

const traits = ({ cost, fails, logs, task }: Traits): Traits => ({ cost, fails, logs, task });

/** Something that can be called for a promise. */
export interface Callable extends Traits {
  /** The variable that has to be visible. */
  readonly name: string;
  /** What is called, `api.charge`. */
  readonly expr: string;
  /** What has to be `this` in it, when that matters. */
  readonly self?: string;
  /** It does not pass its arguments on, so that it cannot be given a label. */
  readonly withoutArguments?: boolean;
}

export const free = (name: string, of: Traits, expr = name): Callable => ({ name, expr, ...traits(of) });

export const member = (name: string, object: string, key: string, of: Traits): Callable => ({
  ...free(name, of, `${object}.${key}`),
  self: object,
});

interface Jump {
  readonly label: string | undefined;
  readonly loop: boolean;
}

export interface Style {
  readonly semicolons: boolean;
  readonly comments: boolean;
  readonly newline: string;
}

/** The tasks that a function may still run, and whether something that it has called so far can make it fail. */
interface Budget {
  left: number;
  fails: boolean;
}

/** What holds at a place of the program that is being written. */
export interface At {
  readonly c: Choices;
  readonly style: Style;
  readonly unique: (prefix: string) => string;
  /**
   * In a program whose calls have labels: an expression for what the labels of this activation begin with. Such a program may depend on the order in which
   * its calls end. Otherwise undefined, and nothing may depend on that order.
   */
  readonly path: string | undefined;
  /** Levels that may still be nested. */
  readonly depth: number;
  /** How often this place is executed in one call of its function, at most. */
  readonly times: number;
  readonly budget: Budget;
  readonly callables: readonly Callable[];
  /** Variables that hold data. */
  readonly values: readonly string[];
  /** Variables that may be assigned. */
  readonly variables: readonly string[];
  readonly async: boolean;
  readonly generator: boolean;
  /** In the body of a task: nothing here is durable. */
  readonly task: boolean;
  /**
   * Nothing that others see may depend on when this place is executed. Without labels: it may run beside other branches. With labels: the number of
   * microtasks before it may differ.
   */
  readonly quiet: boolean;
  /** What fails here is caught. */
  readonly guarded: boolean;
  /** It may wait for a time. */
  readonly sleeps: boolean;
  /** The array that the function collects what it does in. */
  readonly out: string;
  readonly jumps: readonly Jump[];
  /** `return` ends the function with its result. */
  readonly returns: boolean;
  /** A function of its own, whose `arguments` are data. */
  readonly ownArguments: boolean;
}

export const deeper = (at: At): At => ({ ...at, depth: at.depth - 1 });

/** The same place below a declaration of `names`, of which those in `values` hold data. */
export function declaring(at: At, names: readonly string[], values: readonly string[] = names): At {
  const visible = (name: string): boolean => !names.includes(name);
  return {
    ...at,
    values: [...at.values.filter(visible), ...values],
    variables: at.variables.filter(visible),
    callables: at.callables.filter(({ name }) => visible(name)),
  };
}

/** A place in a function of its own: `this` is another one, or none. */
export const detached = (at: At): At => ({
  ...at,
  callables: at.callables.filter(({ self }) => self !== "this"),
  ownArguments: false,
  jumps: [],
  returns: false,
});

/** A place where only what never changes can be read. */
export const constant = (at: At): At => ({
  ...at,
  quiet: true,
  values: at.values.filter((name) => !at.variables.includes(name)),
  variables: [],
});

/** A name for a variable: at times one that means something else further out. */
export function newName(at: At, prefix: string): string {
  const known = [...at.values, ...at.callables.map(({ name }) => name)].filter(
    (name) => /^[\w$]+$/.test(name) && name !== "this" && name !== at.out,
  );
  return known.length > 0 && at.c.chance(8) ? at.c.pick(known) : at.unique(prefix);
}

const affordable = (at: At, { cost, logs }: Traits): boolean =>
  cost * at.times <= at.budget.left && !((at.quiet || at.task) && logs);

function spend(at: At, { cost, fails }: Traits): void {
  at.budget.left -= cost * at.times;
  at.budget.fails ||= fails && !at.guarded;
}

/** Something that can be called here, and is from now on; undefined when the function has run enough tasks. */
export function callable(at: At, only: (each: Callable) => boolean = () => true): Callable | undefined {
  const labelled = at.path !== undefined;
  // most programs with labels should come to their end
  const careful = labelled && !at.guarded && !at.c.chance(3);
  const fitting = at.callables.filter(
    (each) => affordable(at, each) && !(labelled && each.withoutArguments) && !(careful && each.fails) && only(each),
  );
  // what a call with a label waits for must be durable, even when enough tasks have run
  const possible =
    labelled && fitting.length === 0
      ? at.callables.filter((each) => each.task && !each.fails && !each.withoutArguments)
      : fitting;
  if (possible.length === 0) return undefined;
  const chosen = at.c.pick(possible);
  spend(at, chosen);
  return chosen;
}

/** Whether a function with these traits can be called here; then it counts as called. */
export function afford(at: At, of: Traits): boolean {
  if (!affordable(at, of) || (at.path !== undefined && of.fails && !at.guarded)) return false;
  spend(at, of);
  return true;
}

// --- labels

/** How labels tell that a call is made in clean-up, or in a shield: whatever is called from there has it in its label too. */
export const CLEAN_UP = "!";
export const SHIELD = "^";

const marked = (at: At, mark: string): At =>
  at.path === undefined ? at : { ...at, path: `${at.path} + ${JSON.stringify(mark)}` };

/** The place in clean-up, which may make durable calls after a cancellation. */
export const inCleanUp = (at: At): At => marked(at, CLEAN_UP);

/** The place in a call that is given to `shield`. */
export const shielded = (at: At): At => marked(at, SHIELD);

/** An expression for a text that no other place and no other activation has; undefined in programs without labels. */
export function pathOf(at: At, index?: string): string | undefined {
  if (at.path === undefined) return undefined;
  return `${at.path} + ".${at.unique("")}${index === undefined ? `"` : `[" + ${index} + "]"`}`;
}

/** The label of a call, which may depend on what has happened so far. */
export function labelOf(at: At): string {
  const path = pathOf(at) ?? `""`;
  return !at.quiet && at.c.chance(20) ? `${path} + ":" + mix(history())` : path;
}

/** The arguments of a call: with its label first, where calls have labels. */
export const labelled = (at: At, given: readonly string[]): string[] =>
  at.path === undefined ? [...given] : [`at(${labelOf(at)})`, ...given];
