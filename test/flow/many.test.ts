/** Many runs with one call. */
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  cancelMany,
  close,
  listRuns,
  memoryStore,
  retryMany,
  sleep,
  sqliteStore,
  start,
  startMany,
  worker,
  type ManyResult,
  type Store,
} from "perdure";
import { advance, settled, setup, type TestRuntime } from "perdure/testing";
import { temporaryDirectory } from "../directories.ts";

const stores: Record<string, () => Store> = {
  "in-memory": memoryStore,
  SQLite: () => sqliteStore(join(temporaryDirectory(), "test.db"), { durability: "normal" }),
};

const done: string[] = [];
let environment: TestRuntime;

function begin(store: Store): void {
  onTestFinished(close);
  done.length = 0;
  environment = setup({ store, logLevel: "silent", onReport: () => {}, pollInterval: "10s" });
}

async function note(text: string): Promise<string> {
  "use task: retries=0";
  done.push(text);
  return text;
}

export async function index(id: string, version: number): Promise<string> {
  "use workflow";
  return note(`${id} v${version}`);
}

export async function slow(name: string): Promise<string> {
  "use workflow: id=slow-{name}";
  await sleep("1h");
  return note(name);
}

let works = false;
async function tries(name: string): Promise<string> {
  "use task: retries=0";
  if (!works) throw new Error("no");
  return name;
}
export async function fails(name: string): Promise<string> {
  "use workflow: id=fails-{name}";
  return tries(name);
}

describe.each(Object.entries(stores))("with the %s store", (_name, make) => {
  test("startMany records runs and begins none, and the same call again attaches to them", async () => {
    begin(make());
    const list = Array.from({ length: 1200 }, (_, i) => [`i${i}`, 1] as [string, number]);
    const runs = await startMany(index, list, { tags: ["nightly"] });
    expect(runs).toHaveLength(1200);
    await settled();
    expect(done).toEqual([]);
    environment.crash();
    const again = await startMany(index, list, { tags: ["nightly"] });
    expect(again.map(({ id }) => id)).toEqual(runs.map(({ id }) => id));
    expect(await listRuns({ tags: "nightly", limit: 2000 })).toHaveLength(1200);
  });

  test("startMany takes start options, and a generator", async () => {
    begin(make());
    function* some(): Generator<[string, number]> {
      for (let i = 0; i < 3; i++) yield [`i${i}`, 1];
    }
    await startMany(index, some(), { delay: "1m" });
    worker();
    await advance("59s");
    expect(done).toEqual([]);
    await advance("1h");
    expect(done.sort()).toEqual(["i0 v1", "i1 v1", "i2 v1"]);
  });

  test.each(["id", "ifFailed", "debounce", "throttle", "batch"])("startMany refuses %s", async (option) => {
    begin(make());
    await expect(startMany(index, [["a", 1]], { [option]: "x" } as never)).rejects.toMatchObject({
      code: "OPTION_UNKNOWN",
    });
  });

  test("cancelMany cancels what its filter finds, and nothing twice", async () => {
    begin(make());
    await startMany(
      index,
      Array.from({ length: 1100 }, (_, i) => [`i${i}`, 1] as [string, number]),
      { tags: ["x"] },
    );
    const other = await start(slow, ["other"]);
    const steps: ManyResult[] = [];
    const result = await cancelMany({ tags: "x" }, { reason: "wrong", onProgress: (soFar) => steps.push(soFar) });
    expect(result).toEqual({ found: 1100, changed: 1100, errors: [] });
    expect(steps.map(({ found }) => found)).toEqual([1000, 1100]);
    expect(await listRuns({ tags: "x", status: "cancelled", limit: 2000 })).toHaveLength(1100);
    await expect(cancelMany({ tags: "x" })).resolves.toEqual({ found: 0, changed: 0, errors: [] });
    await settled();
    expect(["running", "waiting"]).toContain(await other.status());
  });

  test("cancelMany stops between two pages, and the same call goes on from there", async () => {
    begin(make());
    await startMany(
      index,
      Array.from({ length: 1100 }, (_, i) => [`i${i}`, 1] as [string, number]),
    );
    const stop = new AbortController();
    const stopped = cancelMany({}, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    await expect(cancelMany({})).resolves.toEqual({ found: 100, changed: 100, errors: [] });
  });

  test("retryMany tries failed runs again", async () => {
    begin(make());
    works = false;
    const runs = await Promise.all(["a", "b", "c"].map((name) => start(fails, [name])));
    await settled();
    expect(await Promise.all(runs.map((run) => run.status()))).toEqual(["failed", "failed", "failed"]);
    works = true;
    await expect(retryMany({ workflow: "fails" })).resolves.toEqual({ found: 3, changed: 3, errors: [] });
    worker();
    await settled();
    await expect(Promise.all(runs.map((run) => run.result()))).resolves.toEqual(["a", "b", "c"]);
    await expect(retryMany({ workflow: "fails" })).resolves.toEqual({ found: 0, changed: 0, errors: [] });
  });

  test("an unknown filter or option is refused", async () => {
    begin(make());
    await expect(cancelMany({ workflows: "x" } as never)).rejects.toMatchObject({ code: "OPTION_UNKNOWN" });
    await expect(cancelMany({}, { progress: () => {} } as never)).rejects.toMatchObject({ code: "OPTION_UNKNOWN" });
    await expect(retryMany({}, { reason: "x" } as never)).rejects.toMatchObject({ code: "OPTION_UNKNOWN" });
  });
});
