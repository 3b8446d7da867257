import { appendFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

async function pack(order: string, item: number): Promise<number> {
  "use task";
  // what a real task changes in the world is here a line in a file
  await appendFile(process.env.EFFECTS ?? "effects.log", `${order} item ${item} packed\n`);
  await setTimeout(300);
  return item;
}

export async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  const items: number[] = [];
  for (let item = 0; item < 6; item++) items.push(await pack(id, item));
  return `items ${items.join(", ")}`;
}
