import { setTimeout as pause } from "node:timers/promises";
import { queue, signal } from "perdure";
import { chargeCard } from "./bank.ts";
import { journal } from "./journal.ts";

/** The shop has one packing table with this many places, however many workers there are. */
export const PLACES = 4;
queue("packing", { concurrency: PLACES });

export async function order(number: number, cents: number): Promise<string> {
  "use workflow: id=order-{number}";
  const shelf = await reserve(number);
  const card = await signal<string>("payment"); // the front end delivers it, minutes or days later
  await charge(number, cents, card);
  await pack(number, shelf);
  return ship(number);
}

async function reserve(number: number): Promise<string> {
  "use task";
  return journal(async () => {
    await pause(40);
    return `shelf ${number % 7}`;
  });
}

/** The bank may be away for a while, as everything that is behind a network. */
async function charge(number: number, cents: number, card: string): Promise<void> {
  "use task: retries=50, backoff=constant(200ms)";
  await journal((idempotencyKey) => chargeCard({ idempotencyKey, order: number, cents, card }));
}

async function pack(number: number, shelf: string): Promise<void> {
  "use task: queue=packing";
  await journal(() => pause(150, `${number} from ${shelf}`));
}

async function ship(number: number): Promise<string> {
  "use task";
  return journal(async () => {
    await pause(40);
    return `parcel ${number}`;
  });
}
