/** Runs that leave one store as a file and come into another one. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { sqliteStore, type NewRun, type RunRow, type Store, type StreamRow, type Write } from "perdure";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory, writeFiles } from "../directories.ts";
import { perdure, storeIn } from "./command.ts";
import { builtService, startService } from "./service.ts";

interface Shown {
  readonly run: Record<string, unknown>;
  readonly executions: unknown[];
  readonly steps: unknown[];
}

test("exported runs are the same in another store, with their children; values are left out on wish", async () => {
  const file = await builtService("transfer");
  const { store, program } = await startService(file);
  await program.stop();
  const target = temporaryDirectory("cli");
  const place = { store, cwd: target };
  const other = { store: storeIn(target), cwd: target };
  const [whole, redacted, all] = await Promise.all([
    perdure(["export", "order-bad", "order-good", "whole-w", "-o", "runs.json"], place),
    perdure(["export", "order-bad", "order-good", "--redact", "values"], place),
    perdure(["export", "order-bad", "--redact", "all"], place),
  ]);
  expect(whole).toEqual({ code: 0, output: "4 runs are in runs.json\n" });
  expect(statSync(join(target, "runs.json")).mode & 0o777).toBe(0o600);
  expect(redacted.output).toContain("Declined");
  expect(redacted.output).not.toMatch(/plate|\bMoney|500\.25/u);
  expect(all.output).not.toContain("declined");

  expect(await perdure(["import", "runs.json"], other)).toEqual({ code: 0, output: "imported 4 runs\n" });
  expect(await perdure(["import", "runs.json", "--json"], other)).toEqual({
    code: 1,
    output: `{"imported":0,"existing":["order-bad","order-good","whole-w","part-w"]}\n`,
  });
  for (const id of ["order-bad", "order-good", "whole-w"]) {
    const [before, after] = await Promise.all([place, other].map((at) => perdure(["show", id, "--json"], at)));
    const { executions: _, ...exported } = JSON.parse(before?.output ?? "") as Shown;
    const { executions: __, ...imported } = JSON.parse(after?.output ?? "") as Shown;
    expect(imported).toEqual(exported);
  }
  // the new build would do the same with them: their code came along
  expect(JSON.parse((await perdure(["check", join(file, ".."), "--json"], other)).output)).toMatchObject({
    ok: true,
    runs: [{ outcome: "same" }, { outcome: "same" }],
  });
});

test("a file that is no export is refused, and changes nothing", async () => {
  const directory = temporaryDirectory("cli");
  writeFiles(directory, { "a.json": `{"perdure":1,"runs":[{"run":{"id":5}}],"codes":{}}`, "b.json": "no" });
  const place = { store: storeIn(directory), cwd: directory };
  const [a, b, gone] = await Promise.all(
    ["a.json", "b.json", "gone.json"].map((file) => perdure(["import", file], place)),
  );
  expect(a).toMatchObject({
    code: 2,
    output: expect.stringContaining("a.json is not a file of perdure export") as string,
  });
  expect([b?.code, gone?.code]).toEqual([2, 3]);
  expect(existsSync(join(directory, "runs.db"))).toBe(false);
});

test("an imported fork of a run, restarted and failed, is what it was, and a retry does the same with it", async () => {
  const directory = temporaryDirectory("cli");
  const from = sqliteStore(join(directory, "from.db"));
  const to = sqliteStore(join(directory, "to.db"));
  onTestFinished(() => [from, to].forEach((store) => void store.close()));
  from.open();
  const code = { code: "c", modules: `{"version":1,"modules":[]}` };
  const given = { workflow: "order", file: "src/order.ts", input: "1:[[]]", inputHash: "h", seed: "s", ...code };
  from.createRun({ ...given, id: "original", createdAt: 1, lease: { owner: "me", ms: 10 } });
  const task = { kind: "task", inputHash: "h", attempt: 1, startedAt: 2, finishedAt: 3, output: "1:[1]" } as const;
  const writes = (run: string, epoch: number): Write[] => [
    { type: "step", run, epoch, step: { ...task, id: "handled[0]", state: "failed", seq: 1 } },
    {
      type: "step",
      run,
      epoch,
      step: { ...task, id: "last[0]", state: "failed", seq: 2, failedAttempts: "[[1,2,3,null]]" },
    },
    { type: "finish", run, epoch, status: "failed", output: "1:[1]", unhandled: ["last[0]"], at: 4 },
  ];
  from.commit(writes("original", 1));
  from.fork({ run: "original", from: "handled[0]", id: "fork" });
  for (let epoch = 1; epoch <= 2; epoch++) {
    from.claim({ run: "fork", lease: { owner: "me", ms: 10 } });
    from.commit(writes("fork", epoch));
    if (epoch === 1) from.restart({ run: "fork", seed: "t" });
  }
  from.fork({ run: "original", from: "handled[0]", id: "plain" });
  await perdure(["export", "fork", "plain", "-o", "run.json"], { store: from.name, cwd: directory });
  expect(await perdure(["import", "run.json"], { store: to.name, cwd: directory })).toMatchObject({ code: 0 });
  to.open();
  const facts = { forkOf: "original", restarts: 1, unhandled: ["last[0]"] };
  expect(from.getRun("fork")).toMatchObject(facts);
  expect({ ...to.getRun("fork"), epoch: 0 }).toEqual({ ...from.getRun("fork"), epoch: 0 });
  expect(to.getRun("plain"), "the time that its workflow reads").toMatchObject({ startedAt: 1 });
  expect(to.steps("fork")).toEqual(from.steps("fork"));
  to.retry({ run: "fork" });
  expect(to.steps("fork")).toMatchObject([{ id: "handled[0]" }]);
});

test("an imported run keeps its queue, its priority, and what it waits for; what was gathered goes on to gather", async () => {
  const directory = temporaryDirectory("cli");
  const from = sqliteStore(join(directory, "from.db"));
  const to = sqliteStore(join(directory, "to.db"));
  onTestFinished(() => [from, to].forEach((store) => void store.close()));
  const now = Date.now();
  from.open({ now: () => now });
  const code = { code: "c", modules: `{"version":1,"modules":[]}` };
  const given = { workflow: "order", file: "src/order.ts", input: `1:[["a"]]`, inputHash: "h", seed: "s", ...code };
  const queue = { queue: "q", key: "ada", rank: now - 300_000, hold: true } as const;
  const lease = { owner: "me", ms: 60_000 };
  const create = (id: string, conditions: Partial<NewRun> = {}): void =>
    void from.createRun({ ...given, id, createdAt: now, ...conditions });
  from.defineQueue?.({ name: "q", concurrency: 1 });
  create("running", { queue, lease, endBy: now + 7_200_000, trace: "t" });
  create("in-line", { queue: { ...queue, rank: now }, beginBy: now + 3_600_000, schedule: "daily" });
  create("later", { queue, dueAt: now + 500_000 });
  const gathering = { key: "g", wait: 400_000 };
  create("batch", { gather: { type: "batch", size: 3, ...gathering } });
  create("debounce", { gather: { type: "debounce", max: 900_000, ...gathering, key: "d" } });
  create("ended", { lease });
  from.commit([
    { type: "finish", run: "ended", epoch: 1, status: "completed", output: "1:[1]", unhandled: [], at: now },
  ]);
  const ids = ["running", "in-line", "later", "batch", "debounce", "ended"];
  await perdure(["export", ...ids, "-o", "runs.json"], { store: from.name, cwd: directory });
  expect(await perdure(["import", "runs.json"], { store: to.name, cwd: directory })).toMatchObject({ code: 0 });
  to.open();
  const rows = (store: Store) =>
    ids.map((id) => ({
      ...(store.getRun(id) as RunRow),
      epoch: 0,
      releasedAt: 0,
      updatedAt: 0,
      status: "",
      inLine: 0,
    }));
  const wasOwned = ({ owner: _, leaseUntil: __, ...row }: ReturnType<typeof rows>[number]) => row;
  expect(rows(to)).toEqual(rows(from).map(wasOwned));
  // the slot is free here
  expect(to.offers?.({ workflows: [] })).toEqual([{ queue: "q", run: "in-line" }]);
  const { run } = await to.createRun({
    ...given,
    id: "x",
    createdAt: now,
    gather: { type: "batch", size: 3, ...gathering },
  });
  expect([run.id, JSON.parse(run.input)]).toEqual(["batch", [given.input, given.input]]);

  const redacted = await perdure(["export", "in-line", "batch", "--redact", "values"], {
    store: from.name,
    cwd: directory,
  });
  expect(redacted.output).not.toContain("ada");
});

test("the streams of a run come along, and are left out on wish", async () => {
  const directory = temporaryDirectory("cli");
  const run: NewRun = {
    id: "r",
    workflow: "talk",
    file: "src/talk.ts",
    input: `1:=[]`,
    inputHash: "h",
    code: "c",
    modules: `{"version":1,"modules":[]}`,
    seed: "s",
    lease: { owner: "me", ms: 1_000 },
  };
  const entries: StreamRow[] = [
    { index: 1, type: "chunk", part: "", value: `1:="hidden"`, keep: true },
    { index: 4, type: "reset", part: "a[0]", from: 2 },
    { index: 5, type: "reset", from: 5 },
    { index: 6, type: "end", part: "a[0]" },
  ];
  const open = (file: string): Store => {
    const store = sqliteStore(join(directory, file));
    void store.open();
    onTestFinished(() => store.close());
    return store;
  };
  const source = open("from.db");
  const target = open("to.db");
  await source.createRun(run);
  const of = { run: "r", epoch: 1 };
  const end: Write = { ...of, type: "finish", status: "completed", output: `1:=null`, unhandled: [] };
  expect(await source.commit([{ ...of, type: "stream", stream: "tokens", entries }, end])).toEqual([true, true]);
  const place = { store: source.name, cwd: directory };
  expect((await perdure(["export", "r", "--redact", "values"], place)).output).not.toContain("hidden");
  expect((await perdure(["export", "r", "-o", "run.json"], place)).code).toBe(0);
  expect((await perdure(["import", "run.json"], { store: target.name, cwd: directory })).code).toBe(0);
  const query = { run: "r", stream: "tokens", from: 0, limit: 100 };
  expect(await target.readStream?.(query)).toEqual(await source.readStream?.(query));
});
