// Orders of one customer are processed one after the other, in the order in which they came. Those of other customers do not wait for them.
import { setTimeout as pause } from "node:timers/promises";
import { close, queue, sleep, startMany, worker } from "perdure";

queue("orders", { perKey: { concurrency: 1 } });

async function charge(customer: string, order: number): Promise<void> {
  "use task";
  console.log(`charging ${customer} ${order}`);
  await pause(50);
}

async function ship(customer: string, order: number): Promise<void> {
  "use task";
  await pause(50);
  console.log(`shipped ${customer} ${order}`);
}

export async function processOrder(customer: string, order: number): Promise<string> {
  // hold: the next order of the customer waits for the whole run. Without it, a run that sleeps lets the next one begin
  "use workflow: id=order-{customer}-{order}, queue=orders, key={customer}, hold=true";
  await charge(customer, order);
  await sleep("100ms");
  await ship(customer, order);
  return `${customer} ${order}`;
}

const runs = await startMany(processOrder, [
  ["ada", 1],
  ["ada", 2],
  ["ada", 3],
  ["bob", 1],
  ["cleo", 1],
  ["bob", 2],
]);
worker();
const done = await Promise.all(runs.map((run) => run.result()));
console.log(`done: ${done.join(", ")}`);
await close();
