/** Workflows that use one feature each. */
import {
  FatalError,
  progress,
  queue,
  RetryableError,
  signal,
  sleep,
  start,
  taskContext,
  workflowContext,
  writable,
} from "perdure";
import { appendFileSync } from "node:fs";

const note = (text: string): void =>
  appendFileSync(
    process.env["PERDURE_EFFECTS"] ?? "",
    `${JSON.stringify({ run: "features", name: text, attempt: taskContext().attempt, seen: [] })}\n`,
  );

export class Refused extends Error {
  override readonly name = "Refused";
  readonly amount: number;

  constructor(amount: number) {
    super(`refused ${amount}`);
    this.amount = amount;
  }
}

async function key() {
  "use task";
  const { idempotencyKey, runId, stepId } = taskContext();
  return { idempotencyKey, runId, stepId };
}

async function echo<T>(value: T): Promise<T> {
  "use task";
  return value;
}

/** Values of many types, through a task and back. */
export async function values(when: Date, amounts: Map<string, bigint>) {
  "use workflow";
  const { runId, workflow } = workflowContext();
  const first = await echo({ when, amounts, none: undefined });
  return { ...first, runId, workflow, key: await key(), isDate: first.when instanceof Date };
}

/** Waits for five messages. */
export async function letters(id: string) {
  "use workflow: id=letters-{id}";
  const got: unknown[] = [];
  for (let n = 0; n < 5; n++) got.push(await signal("letter"));
  return { id, got };
}

async function refuse(amount: number) {
  "use task: retries=0";
  throw new Refused(amount);
}

export async function failing(amount: number) {
  "use workflow";
  await refuse(amount);
}

/** Comes back as its own class in a `catch`. */
export async function handles(amount: number) {
  "use workflow";
  try {
    await refuse(amount);
    return "not refused";
  } catch (error) {
    return error instanceof Refused ? `refused ${error.amount}` : `lost: ${String(error)}`;
  }
}

async function later() {
  "use task: retries=3";
  note("later");
  if (taskContext().attempt < 3) throw new RetryableError("not yet", { retryAfter: 20 });
  return taskContext().attempt;
}

async function never() {
  "use task: retries=5";
  note("never");
  throw new FatalError("for good");
}

async function part(name: string) {
  "use task: retries=2, backoff=constant(5ms)";
  note(`part ${name}`);
  if (name === "b" && taskContext().attempt < 2) throw new Error("b fails once");
  return name;
}

/** A task that calls tasks, and fails once after them. */
async function whole() {
  "use task: retries=2, backoff=constant(5ms)";
  const parts = [await part("a"), await part("b")];
  note("whole");
  if (taskContext().attempt < 2) throw new Error("whole fails once");
  return parts;
}

export async function attempts() {
  "use workflow";
  const times = await later();
  const failure = await never().catch((error: unknown) => String(error));
  return { times, failure, parts: await whole() };
}

export async function long() {
  "use workflow";
  await sleep("400d");
}

async function broken(): Promise<unknown> {
  "use task";
  note("broken");
  return () => "a function cannot be stored";
}

/** Stops. */
export async function stops() {
  "use workflow";
  await broken();
}

async function unserved() {
  "use workflow";
}

export async function callsUnserved() {
  "use workflow";
  await unserved();
}

export async function startsWith(option: string) {
  "use workflow";
  progress("half");
  if (option === "tags") await start(long, [], { id: "tagged", tags: ["x"] });
  if (option === "delay") await start(long, [], { id: "delayed", delay: "1h" });
  return "started";
}

const narrow = queue("narrow", { concurrency: 1 });

async function queued() {
  "use task: queue=narrow";
}

export async function usesQueue() {
  "use workflow";
  await queued();
  return narrow.name;
}

export async function writes() {
  "use workflow";
  await writable<string>().getWriter().write("a");
}

/** Waits for something that is not durable, while a step is open. */
export async function outside() {
  "use workflow";
  const open = signal<string>("go on");
  await new Promise((resolve) => setTimeout(resolve, 30));
  return [await echo("called late"), await open];
}

export async function itself() {
  "use workflow: id=itself";
  return await itself2().catch((error: unknown) => String(error));
}

async function itself2(): Promise<unknown> {
  return itself();
}

/** Waits so that its code can be changed. */
export async function changes() {
  "use workflow: id=changes";
  const first = await echo("first");
  await signal("go on");
  return [first, await echo("second")];
}

export const features = {
  values,
  letters,
  failing,
  handles,
  attempts,
  long,
  stops,
  callsUnserved,
  startsWith,
  usesQueue,
  writes,
  outside,
  itself,
  changes,
};
