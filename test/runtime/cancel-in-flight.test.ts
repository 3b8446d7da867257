import { beforeEach, expect, onTestFinished, test } from "vitest";
import { CancelledError, close, getRun, recover, signal, sleep, start } from "perdure";
import { advance, memoryStore, settled, setup, type TestRuntime } from "perdure/testing";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";

const log: string[] = [];
let opened: Promise<void>;
let open: () => void;

beforeEach(() => {
  log.length = 0;
  opened = new Promise((resolve) => (open = resolve));
});

/** Fails at first, and is in flight until the gate opens. */
async function charge(): Promise<string> {
  "use task: retries=3, backoff=constant(1s)";
  log.push("attempt");
  if (log.length === 1) throw new Error("the first attempt");
  await opened;
  return "charged";
}

/** The same, but its first attempt does not fail. */
async function pay(): Promise<string> {
  "use task: retries=1";
  log.push("attempt");
  await opened;
  return "charged";
}

async function note(text: string): Promise<void> {
  "use task";
  log.push(text);
}

async function refund(): Promise<void> {
  "use task";
  log.push("refund");
}

/** Undoes what the call has done, which a cancellation leaves open only if that is known. */
async function compensated(call: () => Promise<string>): Promise<void> {
  const outcome = await call().catch((error: unknown) => (error as Error).name);
  try {
    await refund(); // refused
  } finally {
    await note(outcome);
    if (outcome === "charged") await refund();
  }
}

async function order(): Promise<void> {
  "use workflow: id=order";
  await compensated(charge);
}

async function payment(): Promise<void> {
  "use workflow: id=order";
  await compensated(pay);
}

/** Begins the workflow, and lets it run until this many attempts were made. */
async function begin(workflow: () => Promise<void>): Promise<TestRuntime> {
  const environment = setup();
  onTestFinished(close);
  const run = await start(workflow, []);
  run.result().catch(() => {});
  await attempts(1);
  return environment;
}

async function attempts(count: number): Promise<void> {
  while (log.length < count) await new Promise((resolve) => setImmediate(resolve));
}

async function cancelAndRecover(): Promise<void> {
  await (await getRun("order")).cancel();
  open();
  await recover();
  await expect((await getRun("order")).result()).rejects.toBeInstanceOf(CancelledError);
}

// found by test/concurrency
test("a second attempt that was in flight when its process died is made once more after the cancellation", async () => {
  const environment = await begin(order);
  const later = advance("2s");
  await attempts(2);
  environment.crash();
  open();
  await later;
  await cancelAndRecover();
  expect(log).toEqual(["attempt", "attempt", "attempt", "charged", "refund"]);
});

test("an attempt that is counted since its process died before is made once more after the cancellation", async () => {
  const environment = await begin(payment);
  environment.crash();
  await recover();
  await attempts(2);
  environment.crash();
  await cancelAndRecover();
  expect(log).toEqual(["attempt", "attempt", "attempt", "charged", "refund"]);
});

test("an attempt that was not due yet when its process died is not made after the cancellation", async () => {
  const environment = await begin(order);
  await advance(1);
  environment.crash();
  await cancelAndRecover();
  expect(log).toEqual(["attempt", "CancelledError"]);
});

// --- waits that end between the request and its delivery

async function undo(what: string): Promise<void> {
  "use task";
  log.push(`undo ${what}`);
}

async function trip(): Promise<void> {
  "use workflow: id=trip";
  const ended: string[] = [];
  const flight = sleep("1s").then(
    () => ended.push("over"),
    () => ended.push("cancelled"),
  );
  const hotel = signal("never").catch(() => undo(ended.join()));
  await Promise.all([flight, hotel]);
}

test("a wait that would end between a cancellation and its delivery is cancelled, as in a replay that does not know of it", async () => {
  const answers: (() => void)[] = [];
  let isSlow = false;
  const store = wrapStore(memoryStore(), (method, perform) => {
    if (method !== "commit" || !isSlow) return perform();
    return new Promise((resolve) => answers.push(() => resolve(perform())));
  });
  const environment = setup({ store });
  onTestFinished(close);
  const run = await start(trip, []);
  run.result().catch(() => {});
  await settled();
  isSlow = true;
  await run.cancel();
  await turns(); // the cancellation is on its way to the store
  environment.clock.advance(1000, turns).catch(() => {});
  await turns();
  answers[0]?.();
  await attempts(1);
  environment.crash();
  await turns(); // what it was about to write is lost
  isSlow = false;
  await recover();
  await (await getRun("trip")).result();
  expect(log).toEqual(["undo cancelled", "undo cancelled"]);
});

async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await new Promise((resolve) => setImmediate(resolve));
}
