/** Runs and tasks that stand in line of queues. */
import { queue, signal, sleep } from "perdure";
import { stage } from "./stage.ts";

/** The limits of the queues, as the witness knows them. Times are in milliseconds. */
const limits = {
  single: { concurrency: 1 },
  pair: { concurrency: 2 },
  keys: { concurrency: 3, perKey: 1 },
  paced: { rate: { limit: 2, per: 3000 } },
  both: { concurrency: 2, rate: { limit: 3, per: 4000 } },
  nest: { concurrency: 1 },
  runs: { concurrency: 2 },
  held: { concurrency: 1 },
  family: { concurrency: 1 },
  pacedRuns: { concurrency: 2, rate: { limit: 2, per: 5000 } },
} as const satisfies Readonly<Record<string, QueueLimits>>;

interface QueueLimits {
  readonly concurrency?: number;
  readonly perKey?: number;
  readonly rate?: { readonly limit: number; readonly per: number };
}

export const limitsOf = (name: string): QueueLimits => (limits as Readonly<Record<string, QueueLimits>>)[name] ?? {};

for (const [name, { perKey, ...others }] of Object.entries<QueueLimits>(limits))
  queue(name, { ...others, ...(perKey !== undefined && { perKey: { concurrency: perKey } }) });

// --- tasks

async function alone<T>(value: T): Promise<T> {
  "use task: queue=single, retries=2, backoff=constant(500ms)";
  await stage().attempt("works", 2, { queue: "single" });
  return value;
}

async function aloneAndLong<T>(value: T): Promise<T> {
  "use task: queue=single, retries=2, backoff=constant(500ms)";
  await stage().attempt("works long", 2, { queue: "single" });
  return value;
}

async function oneOfTwo<T>(value: T): Promise<T> {
  "use task: queue=pair, retries=3, backoff=constant(1s)";
  await stage().attempt("fails at first", 3, { queue: "pair" });
  return value;
}

async function blocksOneOfTwo<T>(value: T): Promise<T> {
  "use task: queue=pair, retries=2, backoff=constant(500ms)";
  await stage().attempt("blocks the event loop", 2, { queue: "pair" });
  return value;
}

async function ofKey<T>(value: T, key: string): Promise<T> {
  "use task: queue=keys, key={key}, retries=2, backoff=constant(500ms)";
  await stage().attempt("works long", 2, { queue: "keys", key });
  return value;
}

async function paced<T>(value: T): Promise<T> {
  "use task: queue=paced, retries=2, backoff=constant(500ms)";
  await stage().attempt("works", 2, { queue: "paced" });
  return value;
}

async function pacedFew<T>(value: T): Promise<T> {
  "use task: queue=both, retries=3, backoff=constant(500ms)";
  await stage().attempt("fails at first", 3, { queue: "both" });
  return value;
}

async function inner<T>(value: T): Promise<T> {
  "use task: queue=nest, retries=2, backoff=constant(500ms)";
  await stage().attempt("works", 2, { queue: "nest" });
  return value;
}

async function outer(): Promise<string[]> {
  "use task: queue=nest, retries=2, backoff=constant(500ms)";
  return await stage().attempt("works", 2, { queue: "nest" }, () => Promise.all([inner("a"), inner("b")]));
}

async function free<T>(value: T): Promise<T> {
  "use task: retries=2, backoff=constant(500ms)";
  await stage().attempt("works", 2);
  return value;
}

// --- workflows whose tasks stand in line

export async function tasksInLine(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  return await Promise.all([alone(1), oneOfTwo(2), aloneAndLong(3)]);
}

export async function failing(_id: string): Promise<string> {
  "use workflow: id={_id}";
  try {
    return await oneOfTwo("done");
  } catch {
    return await blocksOneOfTwo("given up");
  }
}

export async function keysInTurn(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  return await Promise.all([ofKey(1, "a"), ofKey(2, "a"), ofKey(3, "b"), ofKey(4, "c"), ofKey(5, "d")]);
}

export async function mails(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  return await Promise.all([paced(1), paced(2), paced(3)]);
}

export async function mailsInTurn(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const first = await paced(1);
  const both = await Promise.all([pacedFew(2), alone(3)]);
  return [first, ...both];
}

/** The loser of the race may be in line, or in flight, when the run ends. */
export async function loser(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  const rests = async (): Promise<string> => {
    await sleep("2s");
    return "slept";
  };
  return await Promise.race([aloneAndLong("worked"), rests()]);
}

export async function nestedTasks(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  return await outer();
}

// --- workflows that stand in line

export async function inLine(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}, queue=runs";
  const first = await free("first");
  await sleep("3s");
  return [first, await free("second")];
}

export async function waitsInLine(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}, queue=runs";
  const first = await alone("first");
  return [first, await signal("go")];
}

export async function holder(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}, queue=held, hold=true";
  const first = await free("first");
  await sleep("3s");
  return [first, await free("second")];
}

export async function relative(_id: string, value: number): Promise<number> {
  "use workflow: id={_id}, queue=family";
  const first = await free(value);
  await sleep("1s");
  return await free(first);
}

export async function relatives(id: string): Promise<number[]> {
  "use workflow: id={id}, queue=family";
  await free("before");
  return await Promise.all([relative(`${id}/1`, 1), relative(`${id}/2`, 2)]);
}

export async function pacedRun(_id: string): Promise<string> {
  "use workflow: id={_id}, queue=pacedRuns";
  return await free("done");
}

// --- workflows that begin under conditions

export async function debounced(value: number): Promise<number> {
  "use workflow";
  return await free(value);
}

export async function batched(values: number[]): Promise<number[]> {
  "use workflow: queue=runs";
  return await free(values);
}

export async function throttled(value: number): Promise<number> {
  "use workflow";
  return await free(value);
}
