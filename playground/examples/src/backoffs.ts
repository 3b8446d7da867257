// Four ways to wait before the next attempt, compared.
import { close, taskContext, taskOptions } from "perdure";

const begun = performance.now();

/** Fails until the attempt with this number. */
function succeedAt(attempt: number, task: string): void {
  const now = taskContext().attempt;
  const fails = now < attempt;
  console.log(`${Math.round(performance.now() - begun)} ms: ${task}, attempt ${now} ${fails ? "fails" : "succeeds"}`);
  if (fails) throw new Error("try again");
}

/** Waits 2 s, 4 s, 8 s, and never more than a minute. */
async function writeToWarehouse(): Promise<void> {
  "use task: retries=3, backoff=exponential(base=2, max=60s)";
  succeedAt(2, "exponential");
}

/** Waits 100 ms, 300 ms, 500 ms. */
async function notifySlack(): Promise<void> {
  "use task: retries=3, backoff=linear(start=100ms, step=200ms)";
  succeedAt(4, "linear");
}

/** Always waits 200 ms. */
async function sendSms(): Promise<void> {
  "use task: retries=5, backoff=constant(200ms)";
  succeedAt(4, "constant");
}

/** Waits 50 ms, 200 ms, 450 ms, as computed by a function. */
async function callPartner(): Promise<void> {
  "use task: retries=3";
  succeedAt(4, "own");
}
taskOptions(callPartner, { backoff: (retry) => 50 * retry ** 2 });

export async function notifyAll(day: string): Promise<string> {
  "use workflow: id=notify-{day}";
  await Promise.all([writeToWarehouse(), notifySlack(), sendSms(), callPartner()]);
  return `all told of ${day}`;
}

console.log(`done: ${await notifyAll("2024-01-15")}`);
await close();
