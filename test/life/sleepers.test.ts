/** Runs that wait outside of memory, with no caller in the process that looks after them. */
import { expect, onTestFinished, test } from "vitest";
import { close, complete, configure, getRun, memoryStore, recover, signal, sleep, start, type Store } from "perdure";
import { advance, setup } from "perdure/testing";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

async function work(text: string): Promise<string> {
  "use task: retries=0";
  return text;
}

export async function dozes(_id: string): Promise<string> {
  "use workflow: id=dozes-{_id}";
  await sleep("30d");
  return work("awake");
}

export async function asks(_id: string): Promise<string> {
  "use workflow: id=asks-{_id}";
  return work(String(await signal("go")));
}

export async function calls(_id: string): Promise<string> {
  "use workflow: id=calls-{_id}";
  return `child ${await asks(`of-${_id}`)}`;
}

const counts = new Map<StoreMethod, number>();

/** Counts its calls. */
const counted = (store: Store): Store =>
  wrapStore(store, (method, perform) => {
    counts.set(method, (counts.get(method) ?? 0) + 1);
    return perform();
  });

function begin(store: Store): void {
  counts.clear();
  setup({ store, logLevel: "silent", pollInterval: "10s", suspendAfter: "1m", lease: "1h" });
  onTestFinished(close);
}

const statusOf = async (id: string): Promise<string> => (await getRun(id)).status();

test("R13 they are woken by their time, a signal from here and from elsewhere, a child, and a cancellation", async () => {
  const store = memoryStore();
  begin(store);
  for (const id of ["a", "b", "c"]) await start(asks, [id]);
  await start(calls, ["p"]);
  await start(dozes, ["d"]);
  await advance("5m");
  for (const id of ["asks-a", "calls-p", "dozes-d"]) expect(await statusOf(id)).toBe("waiting");
  await complete("asks-a", "go", 1);
  await store.deliver({ run: "asks-b", name: "go", payload: "1:[2]" });
  await store.cancel({ run: "asks-c", reason: "1:[3]" });
  await complete("asks-of-p", "go", 4);
  await advance("1s");
  expect(await statusOf("asks-a")).toBe("completed");
  await advance("20s");
  expect(await statusOf("asks-b")).toBe("completed");
  expect(await statusOf("asks-c")).toBe("cancelled");
  expect(await (await getRun("calls-p")).result()).toBe("child 4");
  await advance("30d");
  expect(await statusOf("dozes-d")).toBe("completed");
});

test("R13 one is found behind any number of due runs that this program does not look after", async () => {
  const store = memoryStore();
  begin(store);
  await start(asks, ["a"]);
  await advance("5m");
  const row = await store.getRun("asks-a");
  if (!row) throw new Error("the run is missing");
  for (let i = 0; i < 2_500; i++)
    await store.createRun({ ...row, modules: "[]", id: `other-${i}`, createdAt: row.createdAt - 1_000 });
  await store.deliver({ run: "asks-a", name: "go", payload: "1:[1]" });
  await advance("30s");
  expect(await statusOf("asks-a")).toBe("completed");
  expect(await statusOf("other-7")).toBe("pending");
});

test("a caller who comes later gets the result, wherever the run ended meanwhile", async () => {
  const store = memoryStore();
  begin(store);
  const [here, elsewhere] = [await start(asks, ["a"]), await start(asks, ["b"])];
  await advance("5m");
  const awaited = here.result();
  await complete(here.id, "go", "here");
  expect(await awaited).toBe("here");
  // another process takes the run, and ends it
  await store.deliver({ run: elsewhere.id, name: "go", payload: "1:[1]" });
  const claimed = await store.claim({
    run: elsewhere.id,
    lease: { owner: "other", ms: 1e6 },
  });
  const end = {
    type: "finish",
    status: "completed",
    output: '1:["elsewhere"]',
    unhandled: [],
    at: Date.now(),
  } as const;
  await store.commit([{ ...end, run: elsewhere.id, epoch: claimed?.epoch ?? 0 }]);
  expect(await elsewhere.result()).toBe("elsewhere");
});

test("a poll costs the store as much for many as for one", async () => {
  const store = counted(memoryStore());
  begin(store);
  for (let i = 0; i < 300; i++) await start(asks, [`${i}`]);
  await advance("5m");
  counts.clear();
  await advance("1m");
  const polls = 6;
  expect(Object.fromEntries(counts)).toEqual({ expire: polls, owners: polls, unfinished: polls, listRuns: polls });
  await close();
  configure({});
  begin(store);
  expect(await recover()).toHaveLength(300);
  counts.clear();
  await advance("1m");
  expect(Object.fromEntries(counts)).toEqual({ expire: polls, owners: polls, unfinished: polls, listRuns: polls });
  await complete("asks-7", "go", "found");
  expect(await (await getRun("asks-7")).result()).toBe("found");
});
