/** Programs whose outcome depends on the order of completions. Each returns the order that it has seen. */
import { CancelledError, signal, sleep, start, TimeoutError } from "perdure";
import { effect, type Plan } from "./world.ts";

async function work(plan: Plan, name: string, seen: readonly string[]) {
  "use task: retries=0";
  await effect(plan, name, seen);
  return name;
}

async function flaky(plan: Plan, name: string, seen: readonly string[]) {
  "use task: retries=2, backoff=constant(10ms)";
  await effect(plan, name, seen);
  throw new RangeError(`${name} fails`);
}

/** Does the step, and notes that it is done. */
async function did(plan: Plan, name: string, seen: string[]): Promise<string> {
  const value = await work(plan, name, [...seen]);
  seen.push(name);
  return value;
}

/** Two branches write to one place. */
async function swap(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  let last = "";
  await Promise.all(
    ["a", "b", "c"].map(async (name) => {
      await did(plan, `${name}1`, seen);
      last = name;
      await did(plan, `${name}2:${last}`, seen);
    }),
  );
  return { seen, last };
}

/** The first of several goes on; the others are left behind. */
async function race(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  const winners: string[] = [];
  for (const round of [1, 2, 3])
    winners.push(await Promise.race(["x", "y"].map((name) => did(plan, `${name}${round}`, seen))));
  return { seen, winners };
}

/** Three workers take from one list. */
async function pool(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  const items = ["1", "2", "3", "4", "5", "6", "7", "8"];
  const taken: string[] = [];
  const worker = async (name: string): Promise<void> => {
    for (let item = items.shift(); item !== undefined; item = items.shift())
      taken.push(`${name}:${await did(plan, item, seen)}`);
  };
  await Promise.all(["p", "q", "r"].map(worker));
  return { seen, taken };
}

/** A task that fails in all of its attempts, and what is done about it. */
async function caught(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  await did(plan, "first", seen);
  let message = "";
  try {
    await flaky(plan, "flaky", [...seen]);
  } catch (error) {
    message = error instanceof RangeError ? error.message : `not as it was: ${String(error)}`;
    await did(plan, "undo", seen);
  }
  return { seen, message };
}

/** Clock and random values decide about the way. */
async function clock(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  const began = Date.now();
  const draws: number[] = [];
  for (const round of [1, 2, 3]) {
    draws.push(Math.random());
    await did(plan, `${Math.random() < 0.5 ? "low" : "high"}${round}@${Date.now() - began}`, seen);
    await sleep(5);
  }
  return { seen, draws, passed: Date.now() - began };
}

/** Sleeps of branches against one another. */
async function chains(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  const chain = async (name: string, wait: number): Promise<void> => {
    await did(plan, `${name}1`, seen);
    await sleep(wait);
    await did(plan, `${name}2`, seen);
    await sleep(wait);
    await did(plan, `${name}3`, seen);
  };
  await Promise.all([chain("k", 15), chain("l", 5), chain("m", 10)]);
  return { seen };
}

/** A helper that is called in branches, and calls itself. */
async function tree(plan: Plan, name: string, depth: number, seen: string[]): Promise<number> {
  await did(plan, name, seen);
  if (depth === 0) return 1;
  const parts = await Promise.all(["l", "r"].map((side) => tree(plan, name + side, depth - 1, seen)));
  return parts.reduce((sum, each) => sum + each, 1);
}

async function nested(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  return { size: await tree(plan, "t", 2, seen), seen };
}

/** Signals against timeouts, and two messages of one signal. */
async function sig(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  await did(plan, "before", seen);
  const first = await signal<string>("word");
  seen.push(`got ${first}`);
  await did(plan, "between", seen);
  let late = "";
  try {
    await signal("never", { timeout: 20 });
  } catch (error) {
    late = error instanceof TimeoutError ? "late" : String(error);
  }
  const other = await Promise.race([signal<string>("word"), did(plan, "loser", seen).then(() => signal<string>("no"))]);
  await did(plan, `after ${other}`, seen);
  return { seen, first, late, other };
}

/** Waits until it is cancelled, with a task in flight and a child, and cleans up. */
async function cancelled(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  await did(plan, "begun", seen);
  try {
    await Promise.all([signal("never"), waiting({ id: `${plan.id}/waiting`, kills: [] })]);
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    await did(plan, `undo1 ${String(error.reason)}`, seen);
    await did(plan, "undo2", seen);
    throw error;
  }
  return { seen };
}

export async function waiting(plan: Plan) {
  "use workflow: id={plan.id}";
  await work(plan, "child begun", []);
  await sleep("1h");
}

export async function child(plan: Plan, name: string) {
  "use workflow";
  const seen: string[] = [];
  await did(plan, `${name}1`, seen);
  await sleep(3);
  await did(plan, `${name}2`, seen);
  if (name === "bad") throw new RangeError("the child fails");
  return `${name} done`;
}

/** Children that are awaited, one that fails, and one that is only started. */
async function children(plan: Plan) {
  "use workflow";
  const seen: string[] = [];
  await did(plan, "before", seen);
  const part = (name: string): Plan => ({ id: `${plan.id}/${name}`, kills: name === "one" ? plan.kills : [] });
  const run = await start(child, [part("sent"), "sent"], { id: `${plan.id}/sent` });
  const values = await Promise.all(["one", "two"].map((name) => child(part(name), name)));
  const failure = await child(part("bad"), "bad").catch((error: unknown) =>
    error instanceof RangeError ? error.message : `not as it was: ${String(error)}`,
  );
  await did(plan, "after", seen);
  return { seen, values, failure, sent: run.id };
}

export const programs = { swap, race, pool, caught, clock, chains, nested, sig, cancelled, children };
