/** What the command changes in a store, which services then see. */
import { sqliteStore, type Store } from "perdure";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { perdure, onTerminal, storeIn } from "./command.ts";

/** A store with ended runs, as a service leaves it. */
async function storeWith(directory: string): Promise<Store> {
  const store = sqliteStore(storeIn(directory).slice("sqlite:".length));
  await store.open();
  onTestFinished(() => void store.close());
  return store;
}

function record(
  store: Store,
  id: string,
  { status, at = Date.now() }: { status?: "completed" | "failed"; at?: number },
): void {
  void store.createRun({
    id,
    workflow: "order",
    file: "src/order.ts",
    input: "1:[[]]",
    inputHash: "",
    code: "c",
    modules: `{"version":1,"modules":[]}`,
    seed: "s",
    createdAt: at,
    ...(status && { lease: { owner: "me", ms: 1_000 } }),
  });
  const output = status === "failed" ? `1:["no"]` : "1:[1]";
  const step = {
    run: id,
    epoch: 1,
    type: "step",
    step: {
      id: "pay[0]",
      kind: "task",
      state: "completed",
      seq: 1,
      inputHash: "",
      attempt: 1,
      output: "1:[1]",
      startedAt: at,
      finishedAt: at,
    },
  } as const;
  if (status) void store.commit([step, { run: id, epoch: 1, type: "finish", status, output, unhandled: [], at }]);
}

test("fork, restart, cancel, unblock and delete change the store, and say what they could not do", async () => {
  const directory = temporaryDirectory("cli");
  const store = await storeWith(directory);
  record(store, "done", { status: "completed" });
  record(store, "failed", { status: "failed" });
  record(store, "new", {});
  const place = { store: storeIn(directory) };
  const lines = async (...args: string[]): Promise<[unknown, string]> => {
    const { code, output } = await perdure(args, place);
    return [code, output.trimEnd()];
  };
  expect(await lines("fork", "done", "--from", "pay[0]", "--id", "fork")).toEqual([
    0,
    "done: forked as fork: a worker will resume it",
  ]);
  expect(await lines("fork", "done", "--from", "gone[0]")).toEqual([1, expect.stringContaining("STEP_NOT_FOUND")]);
  expect(await lines("restart", "failed", "new")).toEqual([
    1,
    "failed: begins again from the top: a worker will resume it\nnew: has not ended: cancel it first",
  ]);
  expect(await lines("delete", "new", "--json")).toEqual([
    1,
    `{"run":"new","done":false,"message":"has not ended: cancel it, or force it"}`,
  ]);
  expect(await lines("cancel", "new", "--reason", "too late")).toEqual([0, "new: is cancelled"]);
  expect(await lines("delete", "new", "done")).toEqual([0, "new: is deleted\ndone: is deleted"]);
  expect(await lines("unblock", "fork")).toEqual([1, "fork: is not blocked"]);
  expect(await lines("retry", "nobody")).toEqual([3, expect.stringContaining("RUN_NOT_FOUND")]);
  expect(await lines("signal", "nobody", "paid", "true")).toEqual([3, expect.stringContaining("RUN_NOT_FOUND")]);
  expect(await lines("signal", "later", "paid", "true", "--early")).toEqual([
    0,
    expect.stringContaining("has the signal paid"),
  ]);
  expect(await lines("signal", "fork", "paid", "yes")).toEqual([2, expect.stringContaining("is not JSON")]);
  expect((await store.listRuns({})).map(({ id, status }) => [id, status])).toEqual([
    ["failed", "pending"],
    ["fork", "pending"],
  ]);
});

test("prune deletes old runs, of which --dry-run tells the number, with a bar on a terminal only", async () => {
  const directory = temporaryDirectory("cli");
  const store = await storeWith(directory);
  const old = Date.now() - 10 * 86_400_000;
  for (let i = 0; i < 150; i++) record(store, `old-${i}`, { status: i % 2 ? "completed" : "failed", at: old + i });
  record(store, "young", { status: "completed" });
  const place = { store: storeIn(directory) };
  expect(await perdure(["prune", "--older-than", "7d", "--dry-run"], place)).toEqual({
    code: 0,
    output: "150 runs are old enough\n",
  });
  expect(await perdure(["prune", "--older-than", "7d", "--status", "failed", "--keep", "5", "--json"], place)).toEqual({
    code: 0,
    output: `{"deleted":70}\n`,
  });
  const { code, output } = await onTerminal(["prune", "--older-than", "7d"], place);
  expect(code).toBe(0);
  expect(output).toContain("deleted [");
  expect(output).toContain("deleted 80 runs");
  expect((await store.listRuns({})).map(({ id }) => id)).toEqual(["young"]);
});
