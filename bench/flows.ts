/** The workflows that are measured. Their tasks do nothing, so what is measured is Perdure. */
import { sleep } from "perdure";

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

export async function fanOut(_id: string, count: number): Promise<number> {
  "use workflow: id=fan-out-{_id}";
  const all = await Promise.all(Array.from({ length: count }, (_, index) => step(index, 100)));
  return all.length;
}

export async function sleeping(_id: string): Promise<void> {
  "use workflow: id=sleeping-{_id}";
  await sleep("30d");
}

/** The same as `step`, without a directive. */
export async function plain(index: number): Promise<number> {
  return index;
}

export async function taskOutside(index: number): Promise<number> {
  "use task";
  return index;
}

/** Ends its process, where the process is meant to die. */
async function last(): Promise<boolean> {
  "use task";
  if (process.env["BENCH_DIES"] !== undefined) process.kill(process.pid, "SIGKILL");
  return true;
}

export async function dying(_id: string, steps: number): Promise<number> {
  "use workflow: id=dying-{_id}";
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += (await step(index, 100)).index;
  await last();
  return sum;
}

/** Never ends where the process is meant to die. */
async function hanging(): Promise<boolean> {
  "use task";
  if (process.env["BENCH_DIES"] !== undefined) await new Promise(() => {});
  return true;
}

export async function unfinished(_id: string): Promise<boolean> {
  "use workflow: id=unfinished-{_id}";
  await step(0, 100);
  return hanging();
}
