/** What the command shows of queues, and of what stands in line of them. */
import { sqliteStore, type FlowStore, type NewRun, type Store } from "perdure";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { onTerminal, perdure, storeIn } from "./command.ts";

const lease = { owner: "me", ms: 600_000 };
const T = Date.now() - 180_000;

const newRun = (id: string, key?: string): NewRun => ({
  id,
  workflow: "order",
  file: "src/order.ts",
  input: "1:[[]]",
  inputHash: "h",
  seed: "s",
  code: "c",
  modules: `{"version":1,"modules":[]}`,
  ...(key !== undefined && { queue: { queue: "shipments", key, rank: T } }),
});

/** One shipment of Ada is on its way, two stand in line, one of Bob too; a task stands in line of a queue of its own. */
async function filled(): Promise<{ readonly store: string }> {
  const url = storeIn(temporaryDirectory("cli"));
  const store = sqliteStore(url.slice("sqlite:".length)) as Store & FlowStore;
  await store.open({ now: () => T });
  onTestFinished(() => store.close());
  const rate = { limit: 10, per: 60_000, slack: 20 };
  await store.defineQueue({ name: "shipments", concurrency: 1, perKey: 1, rate });
  await store.defineQueue({ name: "mail", concurrency: 1 });
  await store.createRun({ ...newRun("ada-1", "ada"), lease });
  for (const [id, key] of [
    ["ada-2", "ada"],
    ["ada-3", "ada"],
    ["bob-1", ""],
  ] as const)
    // prettier-ignore
    await store.createRun(newRun(id, key));
  await store.createRun({ ...newRun("letters"), lease });
  const step = { run: "letters", epoch: 1, queue: "mail", key: "eu", rank: T, lease };
  await store.enqueue([{ ...step, step: "send[0]" }, { ...step, step: "send[1]" }]); // prettier-ignore
  const open = { id: "send[1]", kind: "task", state: "open", location: "src/order.ts:3:9", inputHash: "h" } as const;
  await store.commit([{ type: "step", run: "letters", epoch: 1, step: { ...open, attempt: 0, startedAt: T } }]);
  return { store: url };
}

test("queues are listed with their limits, what runs and what waits, and one by its keys", async () => {
  const place = await filled();
  const at = new Date(T).toISOString();
  expect(await perdure(["queues"], place)).toEqual({
    code: 0,
    output: `mail\t1 at once\t1\t1\t${at}\nshipments\t1 at once, 1 a key, 10 a minute\t1\t3\t${at}\n`,
  });
  const [all, one, keys, json, limited, allJson, missing] = await Promise.all([
    onTerminal(["queues"], { ...place, env: { NO_COLOR: "1" } }),
    perdure(["queues", "shipments"], place),
    onTerminal(["queues", "shipments"], { ...place, env: { NO_COLOR: "1" } }),
    perdure(["queues", "shipments", "--json"], place),
    perdure(["queues", "shipments", "--json", "--limit", "1"], place),
    perdure(["queues", "--json"], place),
    perdure(["queues", "parcels", "--json"], place),
  ]);
  expect(all.output).toMatch(/^QUEUE +LIMITS +RUNNING +WAITING +OLDEST$/mu);
  expect(all.output).toMatch(/^shipments +1 at once, 1 a key, 10 a minute +1 +3 +3m ago$/mu);
  expect(one.output).toBe(
    `shipments\nlimits     1 at once, 1 a key, 10 a minute\nrunning    1\nwaiting    3, the oldest came ${at}\n\n` +
      `ada\t1\t2\t${at}\n(none)\t0\t1\t${at}\n`,
  );
  expect(keys.output).toMatch(/^KEY +RUNNING +WAITING +OLDEST\nada +1 +2 +3m ago\n\(none\) +0 +1 +3m ago$/mu);
  const ada = { key: "ada", running: 1, waiting: 2, oldest: at };
  expect(JSON.parse(json.output)).toEqual({
    name: "shipments",
    concurrency: 1,
    perKey: 1,
    rate: { limit: 10, per: 60_000 },
    running: 1,
    waiting: 3,
    oldest: at,
    keys: [ada, { key: "", running: 0, waiting: 1, oldest: at }],
  });
  expect(JSON.parse(limited.output)).toMatchObject({ keys: [ada] });
  expect(JSON.parse(allJson.output)).toMatchObject([{ name: "mail" }, { name: "shipments", waiting: 3 }]);
  expect([missing.code, JSON.parse(missing.output)]).toMatchObject([3, { error: { code: "QUEUE_NOT_FOUND" } }]);
});

test("a run that stands in line says so, and one whose task does", async () => {
  const place = await filled();
  const [runs, run, letters, json] = await Promise.all([
    perdure(["runs"], place),
    perdure(["show", "ada-2"], place),
    perdure(["show", "letters"], place),
    perdure(["show", "letters", "--json"], place),
  ]);
  const notes = runs.output
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"))
    .map(([status, id, , , , note]) => `${status} ${id}: ${note ?? ""}`);
  expect(notes.sort()).toEqual([
    "pending ada-2: in line of shipments",
    "pending ada-3: in line of shipments",
    "pending bob-1: in line of shipments",
    "running ada-1: ",
    "running letters: ",
  ]);
  expect(run.output).toContain("\nqueue      shipments (key ada)\n");
  expect(run.output).toMatch(/^waits for {2}its turn in line of shipments \(key ada\), came 20\S+Z$/mu);
  expect(letters.output).toMatch(/^waits for {2}the turn of send in line of mail \(key eu\), came 20\S+Z$/mu);
  expect(letters.output).toMatch(/… send\[1\] {2}\w+, in line of mail {2}src\/order\.ts:3:9$/mu);
  expect(JSON.parse(json.output)).toMatchObject({
    run: { waitingFor: [{ kind: "queue", queue: "mail", key: "eu", step: "send[1]" }] },
  });
});

test("a store without queues has none to list", async () => {
  const url = storeIn(temporaryDirectory("cli"));
  const store = sqliteStore(url.slice("sqlite:".length));
  await store.open({ now: () => T });
  await store.close();
  expect(await perdure(["queues"], { store: url })).toEqual({ code: 0, output: "" });
  expect((await onTerminal(["queues"], { store: url, env: { NO_COLOR: "1" } })).output).toContain("no queues\n");
  const missing = await perdure(["queues", "mail"], { store: url });
  expect([missing.code, missing.output]).toEqual([3, expect.stringContaining('knows no queue "mail"')]);
});
