import { spawn, type ChildProcessByStdio } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sqliteStore } from "../src/index.ts";
import { loadDriver } from "../src/sqlite/driver.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();
// Under node_modules, so that the bundle can import better-sqlite3.
const program = join(import.meta.dirname, "../../../node_modules/.cache/perdure-test", `store-${process.pid}.mjs`);

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, "process.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["better-sqlite3"],
    logLevel: "error",
  });
});

afterAll(() => rmSync(program, { force: true }));

function child(...args: string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Runs a child that commits endlessly, kills it after it has acknowledged this many batches, and returns the last acknowledged seq. */
async function killAfter(path: string, durability: string, acknowledged: number): Promise<number> {
  const writer = child("commit", path, durability);
  let said = "";
  for await (const chunk of writer.stdout) {
    said += String(chunk);
    if (said.split("\n").length > acknowledged) writer.kill("SIGKILL");
  }
  // The last line may be truncated, so it is ignored.
  return Number(said.split("\n").at(-2));
}

test.each(["full", "normal"] as const)(
  "kill -9 during commits loses no acknowledged write with durability %s",
  async (durability) => {
    const path = file();
    for (const acknowledged of [1, 40, 333]) {
      const last = await killAfter(path, durability, acknowledged);
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      const store = sqliteStore(path, { durability });
      store.open();
      const [run] = await store.listRuns({ limit: 1 });
      const seqs = (await store.steps(run?.id ?? "")).map(({ seq }) => seq);
      // Batches are atomic, so the steps after the last acknowledged one are complete batches, too.
      expect(seqs).toEqual(Array.from({ length: Math.max(last, seqs.length) }, (_, place) => place + 1));
      expect(seqs.length % 3).toBe(0);
      store.close();
    }
    const db = new (loadDriver())(path);
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    db.close();
  },
);

test("several processes can open a new file at the same moment", async () => {
  const path = file();
  const start = String(Date.now() + 400);
  const said = await Promise.all([1, 2, 3].map(() => output(child("open", path, "25", start))));
  expect(said).toEqual(["", "", ""]);
});

interface Won {
  readonly created: string[];
  readonly claimed: string[];
}

async function race(path: string, owner: string, start: number): Promise<Won> {
  return JSON.parse(await output(child("race", path, owner, String(start))));
}

async function output({ stdout }: { readonly stdout: Readable }): Promise<string> {
  let said = "";
  for await (const chunk of stdout) said += String(chunk);
  return said;
}

test("of several processes that create, claim and signal the same runs, exactly one succeeds for each run", async () => {
  const path = file();
  const start = Date.now() + 300;
  const found = await Promise.all(["a", "b", "c"].map((owner) => race(path, owner, start)));
  const expected = Array.from({ length: 100 }, (_, place) => `run-${place}`).sort();
  expect(found.flatMap(({ created }) => created).sort()).toEqual(expected);
  expect(found.flatMap(({ claimed }) => claimed).sort()).toEqual(expected);

  const store = sqliteStore(path);
  store.open();
  for (const run of await store.listRuns({})) {
    const owner = ["a", "b", "c"].find((_, place) => found[place]?.claimed.includes(run.id));
    expect([run.owner, run.epoch, run.code]).toEqual([owner, 1, owner]);
    const [state] = await store.wakeups([{ run: run.id, epoch: 1 }]);
    expect(state?.signals.map(({ slot }) => slot)).toEqual([0, 1, 2]);
    expect(state?.signals.map(({ payload }) => payload).sort()).toEqual(["a", "b", "c"]);
  }
  for (const code of [
    "c",
    ...found.flatMap(({ claimed }, place) => (claimed.length > 0 ? (["a", "b", "c"][place] ?? []) : [])),
  ])
    expect(store.getCode(code)).toBe("[]");
  store.close();
});
