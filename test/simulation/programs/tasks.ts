import { stage } from "./stage.ts";

export async function works<T>(value: T): Promise<T> {
  "use task: retries=2, backoff=constant(500ms)";
  await stage().attempt("works", 2);
  return value;
}

export async function worksLong<T>(value: T): Promise<T> {
  "use task: retries=2, backoff=constant(500ms)";
  await stage().attempt("works long", 2);
  return value;
}

/** An attempt that takes longer than the limit is repeated. */
export async function isLimited<T>(value: T): Promise<T> {
  "use task: retries=8, backoff=constant(1s), timeout=3s";
  await stage().attempt("works long", 8);
  return value;
}

export async function failsAtFirst<T>(value: T): Promise<T> {
  "use task: retries=3, backoff=exponential(base=2, max=10s)";
  await stage().attempt("fails at first", 3);
  return value;
}

export async function alwaysFails(): Promise<never> {
  "use task: retries=1, backoff=constant(1s)";
  await stage().attempt("always fails", 1);
  throw new Error("this point is never reached");
}

export async function isRepaired<T>(value: T): Promise<T> {
  "use task: retries=0";
  await stage().attempt("fails until the run is tried again", 0);
  return value;
}

export async function killsItsProcess(): Promise<void> {
  "use task: retries=1";
  await stage().attempt("kills its process", 1);
}

export async function blocks<T>(value: T): Promise<T> {
  "use task: retries=2, backoff=constant(500ms)";
  await stage().attempt("blocks the event loop", 2);
  return value;
}

export async function returnsAFunction(): Promise<unknown> {
  "use task: retries=1";
  await stage().attempt("works", 1);
  return { client: { socket: () => {} } };
}
