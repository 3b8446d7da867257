import { expect, test } from "vitest";
import { module } from "../src/internal.ts";
import { registry } from "../src/registry.ts";
import { memoryStore } from "@perdure/store";
import { close, complete, configure, signal, sleep, start, taskOptions, getRun, CancelledError } from "../src/index.ts";

const m = module(1, { file: "x.ts", hash: "h", imports: [], loops: ["for"], sites: [["t", 3, 4]], functions: [
  { kind: "task", name: "t", at: [1, 1] }, { kind: "workflow", name: "wf", at: [2, 1], recoverable: true }, { kind: "helper", name: "map", at: [3, 1] },
] });
let calls: string[] = [];
async function t(...a: unknown[]): Promise<unknown> { return m.task(0, a, async (x: unknown) => { calls.push(`t${String(x)}`); if (x === "bad") throw new Error("bad"); return { x, at: 1 }; }); }
async function wf(...a: unknown[]): Promise<unknown> {
  return m.workflow(1, a, async (n: unknown) => {
    const out: unknown[] = [];
    const l = m.loop(0);
    try { for (let i = 0; i < (n as number); i++) { l.next(); out.push(await t(i, ...m.at(0))); } } finally { l.end(); }
    await Promise.all([1, 2, 3].map((i) => m.scope(2, async () => { await t("a" + i); await t("b" + i); })));
    await sleep(5);
    out.push(await signal("go"));
    return out;
  });
}
m.define(t, 0, 1); m.define(wf, 1, 1);
taskOptions(t, { retries: 0 });

test("runs, replays", async () => {
  const steps: string[] = [];
  const store = memoryStore();
  configure({ store, onStep: (e, r, s) => steps.push(`${e} ${s}`) });
  const run = await start(wf, [3], { id: "r1" });
  setTimeout(() => void complete("r1", "go", { a: 1 }), 50);
  const result = await run.result();
  console.log(result, steps, calls, await store.steps("r1"));
  expect(await (await start(wf, [3], { id: "r1" })).result()).toEqual(result);
  await expect(start(wf, [4], { id: "r1" })).rejects.toThrow(/RUN_INPUT_DIFFERS/);
  await close();
});
test("cancel", async () => {
  const store = memoryStore();
  configure({ store });
  const run = await start(wf, [1], { id: "r2" });
  setTimeout(() => void run.cancel("why"), 30);
  await expect(run.result()).rejects.toThrow(CancelledError);
  expect(await run.status()).toBe("cancelled");
  await close();
});
test("crash", async () => {
  const store = memoryStore();
  configure({ store });
  await start(wf, [1], { id: "r3" });
  await new Promise((r) => setTimeout(r, 30));
  registry.runtime!.kill(); registry.runtime = undefined;
  calls = [];
  configure({ store });
  void complete("r3", "go", 7);
  console.log(await (await getRun("r3")).result(), calls);
  await close();
});
