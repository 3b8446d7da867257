/** The workflows that are measured. Their tasks do nothing, so what is measured is Perdure. */
import { queue, signal, sleep, writable } from "perdure";

export interface Result {
  readonly index: number;
  readonly text: string;
}

const text = new Map<number, string>();

/** A text that makes a result of so many bytes. */
function filling(bytes: number): string {
  const known = text.get(bytes) ?? "x".repeat(Math.max(0, bytes - 24));
  text.set(bytes, known);
  return known;
}

export async function step(index: number, bytes: number): Promise<Result> {
  "use task";
  return { index, text: filling(bytes) };
}

export async function withArguments(index: number, _order: object): Promise<Result> {
  "use task";
  return { index, text: filling(100) };
}

export async function sequential(_id: string, steps: number, bytes: number): Promise<number> {
  "use workflow: id=sequential-{_id}";
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += (await step(index, bytes)).index;
  return sum;
}

let beside: () => Promise<unknown> = async () => {};

/** What `sequentialBeside` does now and then, in its tasks. */
export function doBeside(work: () => Promise<unknown>): void {
  beside = work;
}

async function stepBeside(index: number): Promise<Result> {
  "use task";
  await beside();
  return { index, text: filling(100) };
}

/** Like `sequential`, with something else in every so manyth step. */
export async function sequentialBeside(_id: string, steps: number, every: number): Promise<number> {
  "use workflow: id=beside-{_id}";
  let sum = 0;
  for (let index = 0; index < steps; index++)
    sum += (await (index % every === 0 ? stepBeside(index) : step(index, 100))).index;
  return sum;
}

export async function sequentialArguments(_id: string, steps: number): Promise<number> {
  "use workflow: id=arguments-{_id}";
  let sum = 0;
  for (let index = 0; index < steps; index++) {
    const order = {
      index,
      lines: Array.from({ length: 10 }, (_, line) => ({ line, sku: "x".repeat(60), amount: line })),
    };
    sum += (await withArguments(index, order)).index;
  }
  return sum;
}

async function branch(index: number): Promise<number> {
  const first = await step(index, 100);
  const second = await step(first.index, 100);
  return (await step(second.index, 100)).index;
}

export async function branches(_id: string, count: number): Promise<number> {
  "use workflow: id=branches-{_id}";
  const all = await Promise.all(Array.from({ length: count }, (_, index) => branch(index)));
  return all.length;
}

async function chain(steps: number): Promise<number> {
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += (await step(index, 100)).index;
  return sum;
}

export async function chains(_id: string, count: number, steps: number): Promise<number> {
  "use workflow: id=chains-{_id}";
  const all = await Promise.all(Array.from({ length: count }, () => chain(steps)));
  return all.length;
}

export async function fanOut(_id: string, count: number): Promise<number> {
  "use workflow: id=fan-out-{_id}";
  const all = await Promise.all(Array.from({ length: count }, (_, index) => step(index, 100)));
  return all.length;
}

export async function sleeping(_id: string): Promise<void> {
  "use workflow: id=sleeping-{_id}";
  await sleep("30d");
}

async function receivedAt(): Promise<number> {
  "use task";
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Waits for so many signals. Returns when the task after each was called. */
export async function signalled(_id: string, count: number): Promise<number[]> {
  "use workflow: id=signalled-{_id}";
  const received: number[] = [];
  for (let index = 0; index < count; index++) {
    await signal("go");
    received.push(await receivedAt());
  }
  return received;
}

/** The same as `step`, without a directive. */
export async function plain(index: number): Promise<number> {
  return index;
}

export async function taskOutside(index: number): Promise<number> {
  "use task";
  return index;
}

/** How many runs hang in their last step before the process dies, where it is meant to. */
let left = Number(process.env["BENCH_DIES"] ?? 0);

async function last(): Promise<boolean> {
  "use task";
  if (left === 0) return true;
  if (--left === 0) process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
}

export async function dying(_id: string, steps: number): Promise<number> {
  "use workflow: id=dying-{_id}";
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += (await step(index, 100)).index;
  await last();
  return sum;
}

/** Waits as if for another machine: 1 to 10 ms. */
export async function remote(index: number): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, 1 + (index % 10)));
  return { index, text: filling(100) };
}

async function remoteTask(index: number): Promise<Result> {
  "use task";
  return remote(index);
}

export async function remotes(_id: string, from: number, steps: number): Promise<number> {
  "use workflow: id=remotes-{_id}";
  let sum = 0;
  for (let index = from; index < from + steps; index++) sum += (await remoteTask(index)).index;
  return sum;
}

queue("five", { concurrency: 5 });
queue("held", { concurrency: 1 });

let itemsLeft = 0;
let allEnded: () => void = () => {};

/** Resolves when so many items of the queue have ended from now on. Nobody awaits their results, so that workers alone execute them. */
export function itemsEnd(count: number): Promise<void> {
  itemsLeft = count;
  return new Promise((resolve) => (allEnded = resolve));
}

function ends<T>(value: T): T {
  if (--itemsLeft === 0) allEnded();
  return value;
}

async function queuedTask(item: number): Promise<number> {
  "use task: queue=five";
  return item;
}

export async function queued(item: number): Promise<number> {
  "use workflow: id=queued-{item}";
  return ends(await queuedTask(item));
}

async function queuedRemoteTask(item: number): Promise<Result> {
  "use task: queue=five";
  return remote(item);
}

export async function queuedRemote(item: number): Promise<number> {
  "use workflow: id=queued-remote-{item}";
  return ends((await queuedRemoteTask(item)).index);
}

export async function queuedRun(item: number): Promise<number> {
  "use workflow: id=queued-run-{item}, queue=five";
  return ends(await plain(item));
}

export async function queuedTasks(_id: string, count: number): Promise<number> {
  "use workflow: id=queued-tasks-{_id}";
  const all = await Promise.all(Array.from({ length: count }, (_, item) => queuedTask(item)));
  return all.length;
}

async function forever(): Promise<void> {
  "use task";
  return new Promise(() => {});
}

/** Takes the slot of the queue, and keeps it, so that all others wait. */
export async function holding(): Promise<void> {
  "use workflow: id=holding, queue=held";
  await forever();
}

export async function waiting(item: number): Promise<number> {
  "use workflow: id=waiting-{item}, queue=held";
  return plain(item);
}

let between: (index: number) => Promise<unknown> | undefined = () => undefined;

/** What `speaking` does before each of its chunks. */
export function doBetween(work: typeof between): void {
  between = work;
}

async function speak(chunks: number, bytes: number): Promise<void> {
  "use task: retries=0";
  const writer = writable<{ readonly at: number; readonly text: string }>().getWriter();
  for (let index = 0; index < chunks; index++) {
    const pause = between(index);
    if (pause) await pause;
    await writer.write({ at: performance.timeOrigin + performance.now(), text: filling(bytes) });
  }
  await writer.close();
}

export async function speaking(_id: string, chunks: number, bytes: number): Promise<void> {
  "use workflow: id=speaking-{_id}";
  await speak(chunks, bytes);
}
