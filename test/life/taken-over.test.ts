/** What a process reads when it takes over many runs of code that has changed. */
import { expect, onTestFinished, test } from "vitest";
import { close, configure, memoryStore, signal, startMany, worker, type Store } from "perdure";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";

const COUNT = 1_000;

export async function waits(name: string): Promise<string> {
  "use workflow: id=waits-{name}";
  return `${name} ${await signal<string>("go")}`;
}

test("a code version that a thousand runs share is read once, and again only if that failed", async () => {
  const truth = memoryStore();
  const calls = new Map<StoreMethod, number>();
  let failures = 0;
  const store: Store = wrapStore(truth, (method, perform) => {
    calls.set(method, (calls.get(method) ?? 0) + 1);
    if (method === "getCode" && failures++ === 0) return Promise.reject(new Error("the store is down")) as never;
    if (method !== "getCode") return perform();
    return Promise.resolve(perform()) as never;
  });
  onTestFinished(close);
  configure({ store, logLevel: "silent", pollInterval: 20, suspendAfter: "1h" });
  const started = await startMany(
    waits,
    Array.from({ length: COUNT }, (_, number) => [String(number)]),
  );
  const ids = started.map(({ id }) => id);
  // an older version of the code began them
  const modules = (await truth.getCode((await truth.getRun("waits-0"))?.code ?? "")) ?? "";
  const lease = { owner: "older", ms: 1 };
  await truth.claimRuns(ids.map((run) => ({ run, lease })));
  const code = { type: "code", code: "older", modules, codeSeq: 0 } as const;
  const released = { type: "release", status: "pending" } as const;
  await truth.commit(
    ids.flatMap((run) => [
      { ...code, run, epoch: 1 },
      { ...released, run, epoch: 1 },
    ]),
  );
  for (const run of ids) await truth.deliver({ run, name: "go", payload: '1:["gone"]' });
  calls.clear();
  const crew = worker({ concurrency: 200 });
  const left = async () => (await truth.listRuns({ status: ["pending", "running", "waiting"], limit: COUNT })).length;
  await expect.poll(left, { timeout: 60_000 }).toBe(0);
  expect(await truth.listRuns({ status: "completed", limit: 2 * COUNT })).toHaveLength(COUNT);
  expect(calls.get("getCode")).toBe(2);
  expect(calls.get("steps")).toBeUndefined();
  await crew.stop();
});
