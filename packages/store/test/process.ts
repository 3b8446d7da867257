/** The program that the child processes of processes.test.ts run. */
import { writeSync } from "node:fs";
import { openStore, type Store, type Write } from "../src/index.ts";

const [, , job, path = "", ...rest] = process.argv;

if (job === "commit") await commitWithoutEnd(rest[0] === "normal" ? "normal" : "full");
if (job === "open") await openMany(Number(rest[0]), Number(rest[1]));
if (job === "race") await race(rest[0] ?? "", Number(rest[1]));

/** Commits batches of three steps and prints the last seq of each once it is committed. */
async function commitWithoutEnd(durability: "full" | "normal"): Promise<void> {
  const store = openStore(`sqlite:${path}`, { durability });
  await store.open();
  const id = `run-${Date.now()}`;
  await store.createRun({ ...newRun(id), createdAt: Date.now(), lease: { owner: "me", ms: 1e9 } });
  for (let seq = 1; ; seq += 3) {
    await store.commit([seq, seq + 1, seq + 2].map((place) => checkpoint(id, place)));
    writeSync(1, `${seq + 2}\n`);
  }
}

/** Opens new files, each at a time that all processes share, and prints those that could not be opened. */
async function openMany(count: number, start: number): Promise<void> {
  for (let place = 0; place < count; place++) {
    while (Date.now() < start + place * 15);
    const store = openStore(`sqlite:${path}-${place}`);
    try {
      await store.open();
      await store.listRuns({});
    } catch (error) {
      writeSync(1, `${place}: ${String(error)}\n`);
    }
    await store.close();
  }
}

async function race(owner: string, start: number): Promise<void> {
  while (Date.now() < start);
  const store: Store = openStore(`sqlite:${path}`);
  await store.open();
  const created: string[] = [];
  const claimed: string[] = [];
  for (let place = 0; place < 100; place++) {
    const id = `run-${place}`;
    if ((await store.createRun(newRun(id))).created) created.push(id);
    await store.deliver({ run: id, name: "go", payload: owner });
    if (!(await store.claim({ run: id, lease: { owner, ms: 60_000 } }))) continue;
    claimed.push(id);
    await store.commit([
      checkpoint(id, 1),
      { type: "code", run: id, epoch: 1, code: owner, modules: "[]", codeSeq: 1 },
    ]);
  }
  await store.close();
  writeSync(1, JSON.stringify({ created, claimed }));
}

function newRun(id: string) {
  return {
    id,
    workflow: "ship",
    file: "f.ts",
    input: "[]",
    inputHash: "h",
    code: "c",
    modules: "[]",
    seed: "s",
    createdAt: 1,
  };
}

function checkpoint(run: string, seq: number): Write {
  const step = {
    id: `a[${seq}]`,
    kind: "task",
    state: "completed",
    seq,
    inputHash: "h",
    attempt: 1,
    startedAt: 1,
    output: "x".repeat(seq % 2_000),
  } as const;
  return { type: "step", run, epoch: 1, step };
}
