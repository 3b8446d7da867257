import type { Choices } from "./random-choices.ts";

/** Something that can be called for a promise. */
export interface Callable {
  /** The variable that has to be visible. */
  readonly name: string;
  /** What is called, `api.charge`. */
  readonly expr: string;
  /** What has to be `this` in it, when that matters. */
  readonly self?: string;
  /** How many tasks one call of it runs, at most. */
  readonly cost: number;
  readonly fails: boolean;
  /** It writes to the common log, so that it must not run beside another one that does. */
  readonly logs: boolean;
}

export interface Jump {
  readonly label: string | undefined;
  readonly loop: boolean;
}

export interface Style {
  readonly semicolons: boolean;
  readonly comments: boolean;
  readonly newline: string;
}

/** What holds at a place of the program that is being written. */
export interface At {
  readonly c: Choices;
  readonly style: Style;
  readonly unique: (prefix: string) => string;
  /** Levels that may still be nested. */
  readonly depth: number;
  /** How often this place is executed in one call of its function, at most. */
  readonly times: number;
  /** Tasks that this function may still run. */
  readonly budget: { left: number };
  readonly callables: readonly Callable[];
  /** Variables that hold data. */
  readonly values: readonly string[];
  /** Variables that may be assigned. */
  readonly variables: readonly string[];
  readonly async: boolean;
  readonly generator: boolean;
  /** In the body of a task: nothing here is durable. */
  readonly task: boolean;
  /** It may run beside other branches: nothing that others see may depend on when it does what. */
  readonly concurrent: boolean;
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

/** A name for a variable: at times one that means something else further out. */
export function newName(at: At, prefix: string): string {
  const known = [...at.values, ...at.callables.map(({ name }) => name)].filter(
    (name) => /^[\w$]+$/.test(name) && name !== "this" && name !== at.out,
  );
  return known.length > 0 && at.c.chance(8) ? at.c.pick(known) : at.unique(prefix);
}

/** What can be called here; `undefined` when the function has run enough tasks. */
export function callable(at: At, only: (each: Callable) => boolean = () => true): Callable | undefined {
  const quiet = at.concurrent || at.task;
  const fitting = at.callables.filter(
    (each) => each.cost * at.times <= at.budget.left && !(quiet && each.logs) && only(each),
  );
  if (fitting.length === 0) return undefined;
  const chosen = at.c.pick(fitting);
  at.budget.left -= chosen.cost * at.times;
  return chosen;
}
