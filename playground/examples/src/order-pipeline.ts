// A pipeline of tasks. Kill it at any time and run it again: finished tasks do not run twice.
import { setTimeout as pause } from "node:timers/promises";
import { close, taskContext } from "perdure";

interface Order {
  readonly id: string;
  readonly email: string;
  readonly items: readonly string[];
  readonly total: number;
}

async function reserve(item: string): Promise<string> {
  "use task";
  console.log(`reserving ${item}`);
  await pause(20);
  return `shelf-${item.length}`;
}

/** The card company charges once per idempotency key. So even a crash in the middle of this task does not charge twice. */
async function charge(order: Order): Promise<string> {
  "use task: retries=5, backoff=exponential(base=2, max=30s)";
  console.log(`charging ${order.total} with key ${taskContext().idempotencyKey}`);
  await pause(20);
  return `payment-for-${order.id}`;
}

async function ship(order: Order, shelves: readonly string[]): Promise<string> {
  "use task: timeout=1m";
  console.log(`shipping ${order.items.length} items from ${shelves.join(", ")}`);
  await pause(800);
  return `parcel-of-${order.id}`;
}

async function sendReceipt(email: string, payment: string, parcel: string): Promise<void> {
  "use task";
  console.log(`mailing ${email}: ${payment}, ${parcel}`);
}

export async function processOrder(order: Order): Promise<string> {
  "use workflow: id=order-{order.id}";
  const shelves = await Promise.all(order.items.map((item) => reserve(item)));
  const payment = await charge(order);
  const parcel = await ship(order, shelves);
  await sendReceipt(order.email, payment, parcel);
  return parcel;
}

const parcel = await processOrder({
  id: "A-17",
  email: "ada@example.com",
  items: ["lamp", "kettle", "chair"],
  total: 149,
});
console.log(`done: ${parcel}`);
await close();
