import { expect, onTestFinished, test, vi } from "vitest";
import { close, recover, start } from "perdure";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { loadSources } from "../sources.ts";

type Flow = (...args: unknown[]) => Promise<unknown>;

const sources = {
  "flow.js": `
import { randomUUID } from "node:crypto";
import { sleep } from "perdure";
import { plainId, Order, clock } from "./plain.js";
import { wait } from "./tasks.js";

const roll = Math.random;
const { now } = Date;

export async function times() {
  "use workflow: id=times";
  const seen = [Date.now(), now(), clock.now(), new Date().getTime(), Date.parse(Date()), performance.now()];
  await sleep("90s");
  seen.push(Date.now(), new Date().getTime(), performance.now(), new Date(7).getTime());
  return seen;
}

export async function branches(n) {
  "use workflow: id=branches-{n}";
  const draw = () => [Math.random(), roll(), randomUUID(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint16Array(2))], plainId(), new Order().id];
  const own = draw();
  const drawn = await Promise.all([
    ...[1, 2].map(async (x) => { const before = draw(); await wait(5 - x); return [before, draw()]; }),
    ...[1, 2].map(async (x) => { await wait(x); return [draw(), [0].map(Math.random)]; }),
  ]);
  for (const x of [1, 2]) { await wait(x); drawn.push(draw()); }
  return [own, drawn, draw()];
}

export async function shadowed() {
  "use workflow: id=shadowed";
  const Date = { now: () => "mine" }, crypto = { randomUUID: () => "mine" };
  const own = ((Math) => Math.random())({ random: () => "mine" });
  return [Date.now(), crypto.randomUUID(), own];
}

export const outside = () => [Date.now(), roll(), plainId()];
export { wait };
`,
  "plain.js": `
export const plainId = () => crypto.randomUUID();
export class Order { id = crypto.randomUUID(); }
export const clock = { now: () => Date.now() };
`,
  "tasks.js": `export async function wait(x) { "use task"; return [x, Date.now(), Math.random()]; }`,
};

const load = async (name: string): Promise<Flow> => (await loadSources(sources))[name] as unknown as Flow;

test("R9 the clock of a workflow shows the time of the latest delivered completion, on the first run and on replay", async () => {
  const now = new Date("2030-01-01T00:00:00Z");
  const { crash } = setup({ now });
  onTestFinished(close);
  const flow = await load("times");
  const run = await start(flow, []);
  await advance("30s");
  crash();
  await recover();
  await advance("5m");
  const t = now.getTime();
  expect(await (await start(flow, [])).result()).toEqual([t, t, t, t, t, 0, t + 90_000, t + 90_000, 90_000, 7]);
  expect(run.id).toBe("times");
});

test("R9 random values are the same after a crash at any boundary, in closures, branches, loops and helpers of plain modules", async () => {
  const report = await crashEverywhere(await load("branches"), [1]);
  expect(report.steps.length).toBe(6);
});

test("R9 random values differ within a run and between runs", async () => {
  setup();
  onTestFinished(close);
  const flow = await load("branches");
  const uuids = async (n: number): Promise<string[]> =>
    JSON.stringify(await flow(n)).match(/[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/g) ?? [];
  const drawn = [...(await uuids(1)), ...(await uuids(2))];
  expect(drawn.length).toBe(2 * 4 * 10);
  expect(new Set(drawn).size).toBe(drawn.length);
});

test("R9 local variables that shadow Math, Date or crypto are left alone", async () => {
  setup();
  onTestFinished(close);
  expect(await (await load("shadowed"))()).toEqual(["mine", "mine", "mine"]);
});

test("R10 outside a run and inside a task, the clock and the random values are real", async () => {
  setup({ now: new Date(0) });
  onTestFinished(close);
  const module = await loadSources(sources);
  vi.spyOn(Math, "random").mockReturnValue(0.25);
  onTestFinished(() => void vi.restoreAllMocks());
  const [time] = (module["outside"] as unknown as () => unknown[])();
  expect(Math.abs((time as number) - Date.now())).toBeLessThan(60_000);
  const [, inTask, random] = (await (module["wait"] as unknown as Flow)(1)) as [number, number, number];
  expect(inTask).toBeGreaterThanOrEqual(time as number);
  expect(random).toBe(0.25);
});

test("R9 Math.random() in a workflow is distributed evenly between 0 and 1", async () => {
  setup();
  onTestFinished(close);
  const [flow] = Object.values(
    await loadSources({
      "flow.js": `export async function flow() { "use workflow"; return Array.from({ length: 4000 }, () => Math.random()) }`,
    }),
  );
  const numbers = (await (flow as unknown as Flow)()) as number[];
  const tenths = Array.from({ length: 10 }, (_, i) => numbers.filter((x) => x >= i / 10 && x < (i + 1) / 10).length);
  expect(tenths.reduce((sum, count) => sum + count)).toBe(4000);
  for (const count of tenths) expect(Math.abs(count - 400)).toBeLessThan(120); // 6 standard deviations
});
