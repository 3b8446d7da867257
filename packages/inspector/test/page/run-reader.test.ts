import { expect, test } from "vitest";
import type { Client } from "../../page/src/net/client.ts";
import { RunReader, type RunState } from "../../page/src/net/run-reader.ts";
import type { RunItem, RunPage, StepItem, StepList } from "../../src/api.ts";
import { stepAt } from "./steps.ts";

/** A run whose record can be changed, and a reader of it. */
function world(record: { run?: Partial<RunItem>; done: StepItem[]; open?: StepItem[] }) {
  const asked: unknown[] = [];
  const states: RunState[] = [];
  const run = (): RunItem => ({
    id: "a",
    workflow: "order",
    file: "src/order.ts",
    status: "running",
    tags: [],
    inLine: false,
    createdAt: 0,
    updatedAt: 0,
    restarts: 0,
    compensated: false,
    ...record.run,
  });
  const runPage = (): RunPage => ({
    run: run(),
    input: { text: "[]", isCut: false },
    waitingFor: [],
    hasWriting: false,
    executions: [],
    children: [],
    hasMoreChildren: false,
  });
  const steps = (after: number, limit: number): StepList => {
    const rest = record.done.filter(({ seq = 0 }) => seq > after);
    const next = rest.length > limit ? rest[limit - 1]?.seq : undefined;
    return next === undefined ? { steps: [...rest, ...(record.open ?? [])] } : { steps: rest.slice(0, limit), next };
  };
  const client = {
    get: async (path: string, { after, limit }: { after: number; limit: number }) => {
      if (path === "steps") asked.push(after);
      return path === "run" ? runPage() : steps(after, limit);
    },
  } as unknown as Client;
  return { record, asked, states, reader: new RunReader(client, "a", (state) => states.push(state)) };
}

const finished = (count: number): StepItem[] =>
  Array.from({ length: count }, (_, at) =>
    stepAt(`for[${at}]/save[0]`, { seq: at + 1, startedAt: at, finishedAt: at + 1 }),
  );

test("the first thousand steps are shown before the others are read", async () => {
  const { asked, states, reader } = world({ done: finished(2500), open: [stepAt("last[0]", { state: "open" })] });
  await reader.refresh();
  expect(asked).toEqual([0, 1000, 2000]);
  expect(states.map(({ ends, isLoading }) => [ends.length, isLoading])).toEqual([
    [0, true],
    [1000, true],
    [2000, true],
    [2500, false],
  ]);
  expect(states.at(-1)?.tree.root).toMatchObject({ steps: 2501, open: 1 });
});

test("later only the new steps and the open ones are read, and open steps that have ended are replaced", async () => {
  const { record, asked, states, reader } = world({
    done: finished(3),
    open: [stepAt("x[0]", { state: "open" }), stepAt("y[0]", { state: "open" })],
  });
  await reader.refresh();
  record.done = [...record.done, stepAt("x[0]", { seq: 4 })];
  record.open = [stepAt("z[0]", { state: "open" })];
  await reader.refresh();
  expect(asked).toEqual([0, 3]);
  const tree = states.at(-1)?.tree;
  expect(tree?.root).toMatchObject({ steps: 5, open: 1 });
  expect([tree?.get("x[0]")?.step?.state, tree?.get("y[0]"), tree?.get("z[0]")?.step?.state]).toEqual([
    "completed",
    undefined,
    "open",
  ]);
});

test.each<[string, Partial<RunItem>, Partial<RunItem>]>([
  ["was restarted", { status: "running" }, { status: "running", restarts: 1 }],
  ["continues after its failure", { status: "failed" }, { status: "running" }],
  ["has failed a second time", { status: "failed", updatedAt: 5 }, { status: "failed", updatedAt: 9 }],
  ["was deleted and made again", { createdAt: 1 }, { createdAt: 2 }],
  ["continues with other code", { status: "blocked" }, { status: "pending" }],
])("all steps are read again when the run %s", async (_, before, after) => {
  const { record, asked, states, reader } = world({ run: before, done: finished(5) });
  await reader.refresh();
  record.run = after;
  record.done = finished(2);
  await reader.refresh();
  expect(asked).toEqual([0, 5, 0]);
  expect(states.at(-1)?.tree.root.steps).toBe(2);
  expect(states.at(-1)?.ends).toEqual([1, 2]);
});

test("a run has calls of models as soon as a step looks like one, until it begins anew", async () => {
  const { record, states, reader } = world({ run: { status: "failed" }, done: finished(1) });
  const found = async (): Promise<boolean | undefined> => {
    await reader.refresh();
    return states.at(-1)?.hasModelCalls;
  };
  expect(await found()).toBe(false);
  record.done = [...record.done, stepAt("report.generate[0]", { seq: 2, location: "src/report.ts:1:2" })];
  expect(await found()).toBe(false);
  record.done = [...record.done, stepAt("writer.generate[0]", { seq: 3 })];
  expect(await found()).toBe(true);
  record.run = { status: "running" };
  record.done = [];
  expect(await found()).toBe(false);
});

test("nothing is told after the reader has been stopped", async () => {
  const { states, reader } = world({ done: finished(1) });
  const reading = reader.refresh();
  reader.stop();
  await reading;
  expect(states).toEqual([]);
});
