/** A store that answers late: attempts begin when the rate allows it all the same. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { close, configure, memoryStore, queue, start } from "perdure";
import { wrapStore } from "../../packages/store/src/wrap-store.ts";

const PER = 200;
let began: number[] = [];

async function beat(name: string): Promise<string> {
  "use task: queue=beats, retries=0";
  began.push(Date.now());
  return name;
}
export async function beats(count: number): Promise<string[]> {
  "use workflow: id=beats-{count}";
  return Promise.all(Array.from({ length: count }, (_, i) => beat(`b${i}`)));
}
queue("beats", { rate: { limit: 1, per: PER } });

test.each([
  ["every answer is a bit late", () => 70],
  ["every second answer is later than the next start", (call: number) => (call % 2) * (PER + 50)],
  ["every answer is later than the next start", () => PER + 50],
])("attempts begin when the rate allows it, where %s", async (_name, delayOf) => {
  onTestFinished(close);
  began = [];
  let calls = 0;
  let corrections = 0;
  const store = wrapStore(memoryStore(), (method, perform) => {
    const answer = perform();
    if (method === "correctStart") corrections++;
    const delay = method === "enqueue" ? delayOf(calls++) : 0;
    return delay > 0 ? pause(delay).then(() => answer) : answer;
  });
  configure({ store, logLevel: "warn", pollInterval: "10ms" });
  const run = await start(beats, [6]);
  await expect(run.result()).resolves.toEqual(["b0", "b1", "b2", "b3", "b4", "b5"]);
  const times = [...began].sort((a, b) => a - b);
  expect(
    times
      .slice(1)
      .map((at, index) => at - (times[index] ?? 0))
      .filter((gap) => gap < PER),
  ).toEqual([]);
  expect(corrections).toBeGreaterThan(0);
});
