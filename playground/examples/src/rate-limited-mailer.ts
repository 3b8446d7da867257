// Mails to twenty people: at most three at the same time, and at most eight in any second, however many processes send. A killed process does not lift the limits.
import { setTimeout as pause } from "node:timers/promises";
import { close, queue } from "perdure";

queue("mail", { concurrency: 3, rate: { limit: 8, per: "1s" } });

async function send(address: string, subject: string): Promise<void> {
  "use task: queue=mail";
  console.log(`${Date.now()} sending ${address}: ${subject}`);
  await pause(100); // the mail server
  console.log(`${Date.now()} sent ${address}`);
}

export async function newsletter(month: string, addresses: readonly string[]): Promise<number> {
  "use workflow: id=newsletter-{month}";
  await Promise.all(addresses.map((address) => send(address, `News of ${month}`))); // all of them at once: the queue spreads them
  return addresses.length;
}

const addresses = Array.from({ length: 20 }, (_, i) => `reader-${i}@example.com`);
console.log(`done: ${await newsletter("2024-01", addresses)} mails`);
await close();
