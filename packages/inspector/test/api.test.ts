/** What the inspector says of runs, and what it does to them. */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { getRun, recover, start } from "perdure";
import type {
  ActionAnswer,
  Overview,
  RunList,
  RunPage,
  StepList,
  StepPage,
  WaitList,
  WorkflowItem,
  WorkflowPage,
} from "../src/api.ts";
import type { ConversationPage } from "../src/api-conversation.ts";
import { inspect } from "./inspected.ts";
import { approval, order, publish, reminder, review } from "./shop.ts";

const outcome = async (run: { result(): Promise<unknown> }): Promise<void> => void (await run.result().catch(() => {}));

test("the overview counts the runs of each status", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["a", 5]));
  await outcome(await start(order, ["b", -1]));
  await start(approval, ["c"]);
  const { counts, workflows, canAct, store, now } = await inspected.get<Overview>("overview");
  expect(counts).toEqual({ pending: 0, running: 1, waiting: 0, completed: 1, failed: 1, cancelled: 0, blocked: 0 });
  expect({ workflows, canAct, store }).toEqual({ workflows: ["approval", "order"], canAct: true, store: "memory:" });
  expect(Math.abs(now - Date.now())).toBeLessThan(10_000);
});

test("runs are listed newest first, by page, status, workflow, tag and a part of the id", async () => {
  const inspected = inspect();
  for (const id of ["eu/1", "eu/2", "us/1"]) await outcome(await start(order, [id, 1], { tags: [id.slice(0, 2)] }));
  await outcome(await start(order, ["eu/3", -1]));
  const ids = async (query: string): Promise<string[]> => {
    const list = (await (await inspected.fetch(`api/runs?${query}`)).json()) as RunList;
    return [...list.runs.map(({ id }) => id), ...(list.hasMore ? ["…"] : [])];
  };
  expect(await ids("")).toEqual(["eu/3", "us/1", "eu/2", "eu/1"]);
  expect(await ids("limit=3")).toEqual(["eu/3", "us/1", "eu/2", "…"]);
  const { runs: all } = await inspected.get<RunList>("runs");
  expect(await ids(`limit=3&after=${all[2]?.cursor}`)).toEqual(["eu/1"]);
  expect(await ids("limit=4")).toEqual(["eu/3", "us/1", "eu/2", "eu/1"]);
  expect(await ids("status=failed")).toEqual(["eu/3"]);
  expect(await ids("status=failed&status=completed")).toEqual(["eu/3", "us/1", "eu/2", "eu/1"]);
  expect(await ids("workflow=approval")).toEqual([]);
  expect(await ids("tag=eu")).toEqual(["eu/2", "eu/1"]);
  expect(await ids("search=eu%2F")).toEqual(["eu/3", "eu/2", "eu/1"]);
  expect(await ids("search=EU")).toEqual([]);
  expect(await ids("search=%25")).toEqual([]);
  const { runs } = await inspected.get<RunList>("runs", { status: "failed" });
  expect(runs[0]).toMatchObject({ status: "failed", error: "Declined: card 4711 was declined", workflow: "order" });
});

test("the list continues after a run that was deleted", async () => {
  const inspected = inspect();
  for (const id of ["1", "2", "3"]) await outcome(await start(order, [id, 1]));
  const { runs } = await inspected.get<RunList>("runs");
  await (await getRun("2")).delete();
  const after = async (place: number): Promise<string[]> =>
    (await inspected.get<RunList>("runs", { after: runs[place]?.cursor ?? "" })).runs.map(({ id }) => id);
  expect(await after(1)).toEqual(["1"]);
  expect(await after(2)).toEqual([]);
  expect(await inspected.refused("api/runs?after=2")).toEqual([400, "OPTION_INVALID"]);
});

test("a failed run shows its error, where it was thrown and called, and its steps with their attempts", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["f", -1]));
  const page = await inspected.get<RunPage>("run", { id: "f" });
  expect(page.run).toMatchObject({ id: "f", status: "failed", file: "packages/inspector/test/shop.ts" });
  expect(page.input.text).toBe("[ 'f', -1 ]");
  expect(page.output).toBeUndefined();
  expect(page.error?.headline).toBe("Declined: card 4711 was declined");
  expect(page.error?.detail.text).toContain("card: '4711'");
  expect(page.failedStep?.id).toBe("charge[0]");
  const source = page.failedStep?.source;
  expect(source?.lines[source.line - source.firstLine]).toBe('  const receipt = await charge("4711", amount);');
  expect(page.executions).toMatchObject([{ number: 1, end: "ended" }]);
  const { steps, next } = await inspected.get<StepList>("steps", { run: "f" });
  expect(next).toBeUndefined();
  expect(steps).toMatchObject([
    {
      id: "charge[0]",
      state: "failed",
      attempts: 2,
      path: ["charge[0]"],
      failedAttempts: [{ attempt: 1, error: "Declined: card 4711 was declined" }, { attempt: 2 }],
    },
  ]);
});

test("steps come in pages without their values, each with them", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["s", 7, 5]));
  const first = await inspected.get<StepList>("steps", { run: "s", limit: "4" });
  const rest = await inspected.get<StepList>("steps", { run: "s", limit: "4", after: String(first.next) });
  expect([...first.steps, ...rest.steps].map(({ id }) => id)).toEqual([
    "charge[0]",
    "for[0]/pack[0]",
    "for[1]/pack[0]",
    "for[2]/pack[0]",
    "for[3]/pack[0]",
    "for[4]/pack[0]",
  ]);
  expect([first.next, rest.next]).toEqual([4, undefined]);
  const step = await inspected.get<StepPage>("step", { run: "s", id: "for[3]/pack[0]" });
  expect(step).toMatchObject({ output: { text: "box 3", isCut: false }, step: { path: ["for[3]", "pack[0]"] } });
  expect(step.source?.lines[step.source.line - step.source.firstLine]).toContain("await pack(item)");
});

test("open steps follow the last page, however many there are", async () => {
  const inspected = inspect();
  await start(approval, ["o"]);
  const steps = async (): Promise<StepList> => inspected.get("steps", { run: "o", limit: "1" });
  await expect.poll(steps).toMatchObject({ steps: [{ kind: "signal", name: "approved", state: "open" }] });
});

test("workflows have their counts, failures and times, and one has the graph of its calls", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["w1", 1, 3]));
  await outcome(await start(order, ["w2", -1]));
  const [workflow] = await inspected.get<WorkflowItem[]>("workflows");
  expect(workflow).toMatchObject({ name: "order", sample: 2, failureRate: 0.5, counts: { completed: 1, failed: 1 } });
  const page = await inspected.get<WorkflowPage>("workflow", { name: "order" });
  expect(page.graph).toMatchObject({
    kind: "workflow",
    name: "order",
    children: [
      { kind: "task", name: "charge", stats: { count: 2, failed: 1, retried: 1 } },
      { kind: "loop", name: "for", children: [{ kind: "task", name: "pack", stats: { count: 3, failed: 0 } }] },
    ],
  });
  expect(page.unreached.map(({ name }) => name)).toEqual(["sleep"]);
});

test("waiting runs come by due time, then those that wait for an event", async () => {
  const inspected = inspect({}, { suspendAfter: 0 });
  await start(approval, ["first"]);
  await start(reminder, ["late", 7_200_000]);
  await start(reminder, ["soon", 3_600_000]);
  await expect.poll(async () => (await inspected.get<Overview>("overview")).counts.waiting).toBe(3);
  const { waits, next } = await inspected.get<WaitList>("waiting", { limit: "2" });
  expect(waits.map(({ run, kind }) => [run, kind])).toEqual([
    ["soon", "sleep"],
    ["late", "sleep"],
  ]);
  const rest = await inspected.get<WaitList>("waiting", { after: next ?? "" });
  expect(rest).toMatchObject({ waits: [{ run: "first", kind: "signal", name: "approved" }] });
});

test.each([
  ["api/run?id=none", "RUN_NOT_FOUND"],
  ["api/steps?run=none", "RUN_NOT_FOUND"],
  ["api/step?run=none&id=a[0]", "RUN_NOT_FOUND"],
  ["api/conversation?run=none", "RUN_NOT_FOUND"],
  ["api/workflow?name=none", "WORKFLOW_NOT_FOUND"],
  ["api/nothing", "NOT_FOUND"],
  ["nothing.js", "NOT_FOUND"],
  ["../package.json", "NOT_FOUND"],
])("%s is not found", async (path, code) => {
  const answer = await inspect().fetch(path);
  expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([404, code]);
});

test("a run without calls of models has no conversation, and a long one is not read from its beginning", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["few", 1, 3]));
  await outcome(await start(order, ["many", 1, 1_000]));
  const empty = { conversations: [], otherCalls: [], otherTools: [], isGuess: false };
  expect(await inspected.get<ConversationPage>("conversation", { run: "few" })).toMatchObject({
    ...empty,
    isCut: false,
  });
  expect(await inspected.get<ConversationPage>("conversation", { run: "many" })).toMatchObject({
    ...empty,
    isCut: true,
  });
});

test("a failed run is retried, restarted, forked and deleted", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["r", -1, 0]));
  expect(await inspected.act<ActionAnswer>("retry", { run: "r" })).toEqual({
    done: true,
    message: "is tried again: a worker will resume it",
  });
  await outcome(await getRun("r"));
  expect(await inspected.act<ActionAnswer>("restart", { run: "r" })).toMatchObject({ done: true });
  await outcome(await getRun("r"));
  expect((await inspected.get<RunPage>("run", { id: "r" })).run).toMatchObject({ restarts: 1, status: "failed" });
  const forked = await inspected.act<ActionAnswer>("fork", { run: "r", from: "charge[0]", id: "r2" });
  expect(forked).toMatchObject({ done: true, fork: "r2" });
  await outcome(await getRun("r2"));
  expect((await inspected.get<RunPage>("run", { id: "r2" })).run).toMatchObject({ forkOf: "r", status: "failed" });
  expect(await inspected.act<ActionAnswer>("delete", { run: "r" })).toEqual({ done: true, message: "is deleted" });
  expect((await inspected.get<RunList>("runs")).runs.map(({ id }) => id)).toEqual(["r2"]);
});

test("an action that is not possible says why and changes nothing", async () => {
  const inspected = inspect();
  await outcome(await start(order, ["n", 1]));
  expect(await inspected.act<ActionAnswer>("retry", { run: "n" })).toEqual({ done: false, message: "has not failed" });
  expect(await inspected.act<ActionAnswer>("cancel", { run: "n" })).toEqual({ done: false, message: "has ended" });
  expect(await inspected.act<ActionAnswer>("unblock", { run: "n" })).toMatchObject({ done: false });
  await expect(inspected.act("fork", { run: "n", from: "charge[9]" })).rejects.toThrow(/404.*STEP_NOT_FOUND/u);
  for (const id of ["\ud800", "x".repeat(513)])
    await expect(inspected.act("fork", { run: "n", from: "charge[0]", id })).rejects.toThrow(/400.*RUN_ID_INVALID/u);
  await expect(inspected.act("retry", { run: "none" })).rejects.toThrow(/404.*RUN_NOT_FOUND/u);
  await expect(inspected.act("signal", { run: "none", name: "approved" })).rejects.toThrow(/404.*RUN_NOT_FOUND/u);
});

test("a signal reaches the run that waits for it, and a cancellation ends one with its reason", async () => {
  const inspected = inspect();
  const run = await start(approval, ["g"]);
  const payload = { by: "ada" };
  expect(await inspected.act<ActionAnswer>("signal", { run: "g", name: "approved", payload })).toMatchObject({
    done: true,
  });
  expect(await run.result()).toEqual(payload);
  const other = await start(approval, ["h"]);
  await inspected.act("cancel", { run: "h", reason: "no longer wanted" });
  await expect(other.result()).rejects.toMatchObject({ name: "CancelledError", reason: "no longer wanted" });
});

test("a signal whose schema can be written as JSON schema says what its payload looks like", async () => {
  const inspected = inspect();
  const run = await start(review, ["z"]);
  const waits = async (): Promise<unknown> => (await inspected.get<RunPage>("run", { id: "z" })).waitingFor;
  await expect.poll(waits).toMatchObject([
    {
      kind: "signal",
      name: "reviewed",
      payloadSchema: {
        type: "object",
        properties: { by: { type: "string" }, approved: { type: "boolean", default: true } },
      },
    },
  ]);
  await inspected.act("signal", { run: "z", name: "reviewed", payload: { by: "ada" } });
  expect(await run.result()).toEqual({ by: "ada", approved: true });
});

/** The events of a stream, as they come. */
function listen(response: Response): { count(): number; stop(): Promise<void> } {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = (async (): Promise<void> => {
    for (let part; reader && !(part = await reader.read()).done;) text += part.value;
  })();
  return {
    count: () => text.split("event: change").length - 1,
    stop: async () => {
      await reader?.cancel();
      await read;
    },
  };
}

test("streams say when runs, and when one run, have changed, and are silent otherwise", async () => {
  const inspected = inspect();
  await start(approval, ["e"]);
  await expect.poll(() => inspected.get("steps", { run: "e" })).toMatchObject({ steps: [{ state: "open" }] });
  const lists = await inspected.fetch("api/changes");
  expect(lists.headers.get("content-type")).toMatch(/^text\/event-stream/u);
  const streams = [listen(lists), listen(await inspected.fetch("api/changes?run=e"))];
  await wait(1_500);
  expect(streams.map((stream) => stream.count())).toEqual([0, 0]);
  await inspected.act("signal", { run: "e", name: "approved" });
  await expect.poll(() => streams.every((stream) => stream.count() > 0), { timeout: 5_000 }).toBe(true);
  await Promise.all(streams.map((stream) => stream.stop()));
});

test("reading does not resume a run", async () => {
  const inspected = inspect({}, { suspendAfter: 0 });
  await start(publish, ["q", "x", 1]).then(outcome);
  const before = await inspected.store.getRun("q");
  for (const path of ["overview", "runs", "workflows", "waiting"]) await inspected.get(path);
  await inspected.get("run", { id: "q" });
  expect(await inspected.store.getRun("q")).toEqual(before);
  expect(await recover()).toEqual([]);
});
