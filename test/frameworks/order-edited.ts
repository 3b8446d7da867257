/** What order.ts becomes by an edit: a task writes something else, and another one is new. */
import { appendFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

async function pack(order: string, item: number): Promise<number> {
  "use task";
  await appendFile(process.env.EFFECTS ?? "effects.log", `${order} item ${item} boxed\n`);
  await setTimeout(300);
  return item;
}

async function label(order: string): Promise<void> {
  "use task";
  await appendFile(process.env.EFFECTS ?? "effects.log", `${order} labelled\n`);
}

export async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  const items: number[] = [];
  for (let item = 0; item < 6; item++) items.push(await pack(id, item));
  await label(id);
  return `items ${items.join(", ")}`;
}
