/** R7: a failed run is tried again only where that is asked for. */
import { expect, onTestFinished, test } from "vitest";
import { close, FatalError, start } from "perdure";
import { setup } from "perdure/testing";

const log: string[] = [];
let gateway = "down";

async function pay(what: string): Promise<string> {
  "use task";
  log.push(`pay ${what}`);
  if (gateway === "down") throw new FatalError("refused");
  return what;
}

async function refuse(what: string): Promise<never> {
  "use task: retries=0";
  log.push(`refuse ${what}`);
  throw "declined";
}

async function note(text: string): Promise<void> {
  "use task";
  log.push(text);
}

async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  return pay(id);
}

async function handlesFirst(): Promise<void> {
  "use workflow: id=handles-first";
  await refuse("voucher").catch(() => note("noted"));
  await refuse("card");
}

function begin(): void {
  log.length = 0;
  gateway = "down";
  onTestFinished(close);
  setup({ logLevel: "silent" });
}

test("start attaches to a failed run: its failure is the result, and nothing is executed", async () => {
  begin();
  await expect((await start(order, ["1"])).result()).rejects.toThrow("refused");
  gateway = "up";
  const again = await start(order, ["1"]);
  await expect(again.result()).rejects.toThrow("refused");
  expect(await again.status()).toBe("failed");
  expect(log).toEqual(["pay 1"]);
});

test("start with ifFailed: retry tries a failed run again", async () => {
  begin();
  await expect((await start(order, ["1"])).result()).rejects.toThrow("refused");
  gateway = "up";
  await expect((await start(order, ["1"], { ifFailed: "retry" })).result()).resolves.toBe("1");
  expect(log).toEqual(["pay 1", "pay 1"]);
});

test("the plain call tries a failed run again", async () => {
  begin();
  await expect(order("1")).rejects.toThrow("refused");
  gateway = "up";
  await expect(order("1")).resolves.toBe("1");
});

test("retry() repeats the failure that ended the run, and not an equal one that was handled", async () => {
  begin();
  const run = await start(handlesFirst, []);
  await run.result().catch(() => {});
  expect(log.splice(0)).toEqual(["refuse voucher", "noted", "refuse card"]);
  await run.retry();
  await run.result().catch(() => {});
  expect(log).toEqual(["refuse card"]);
});
