/** Workflows whose runs the tests of the inspector look at. */
import { z } from "zod";
import { progress, queue, signal, sleep, taskContext } from "perdure";

queue("desk", { concurrency: 2, perKey: { concurrency: 1 }, rate: { limit: 100, per: "90s" } });
queue("tours", { concurrency: 1 });

class Declined extends Error {
  readonly card: string;

  constructor(card: string) {
    super(`card ${card} was declined`);
    this.name = "Declined";
    this.card = card;
  }
}

async function charge(card: string, amount: number): Promise<{ readonly charged: number }> {
  "use task: retries=1, backoff=constant(10ms)";
  if (amount < 0) throw new Declined(card);
  if (amount === 0 && taskContext().attempt === 1) throw new Error("the line is busy");
  return { charged: amount };
}

async function pack(item: number): Promise<string> {
  "use task";
  return `box ${item}`;
}

export async function order(id: string, amount: number, items = 0): Promise<unknown> {
  "use workflow: id={id}";
  const receipt = await charge("4711", amount);
  for (let item = 0; item < items; item++) await pack(item);
  if (items > 1_000) await sleep("1h");
  progress({ packed: items });
  return { ...receipt, id };
}

export async function approval(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return signal("approved");
}

const decision = z.object({ by: z.string(), approved: z.boolean().default(true) });

export async function review(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return signal("reviewed", { schema: decision });
}

export async function reminder(_id: string, after: number): Promise<void> {
  "use workflow: id={_id}";
  await sleep(after);
}

export const desk = { free: [] as (() => void)[] };

async function serve(_customer: string): Promise<void> {
  "use task: queue=desk, key={_customer}";
  await new Promise<void>((resolve) => desk.free.push(resolve));
}

export async function visit(customer: string, _number: number): Promise<void> {
  "use workflow: id=visit-{customer}-{_number}";
  await serve(customer);
}

export async function tour(_id: string): Promise<void> {
  "use workflow: id={_id}, queue=tours, hold=true";
  await signal("back");
}

async function secret(): Promise<string> {
  "use task";
  return "the password is swordfish";
}

export async function login(_id: string): Promise<string> {
  "use workflow: id={_id}";
  return secret();
}

async function page(text: string): Promise<string> {
  "use task";
  return text;
}

export async function publish(_id: string, text: string, times: number): Promise<number> {
  "use workflow: id={_id}";
  return (await page(text.repeat(times))).length;
}

export async function report(_id: string, length: number): Promise<void> {
  "use workflow: id={_id}";
  progress({ text: "x".repeat(length) });
}
