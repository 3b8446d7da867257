import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { timedStore } from "../src/conformance/timed.ts";
import { memoryStore, sqliteStore } from "../src/index.ts";
import { drawnCommand, everything } from "./commands.ts";
import { inOrder, type Command } from "./drawn.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();
const queues = sqliteStore(file()).enqueue !== undefined;

async function assertAlike(commands: readonly Command[]): Promise<void> {
  const memory = timedStore(memoryStore());
  const sqlite = timedStore(sqliteStore(file(), { durability: "normal" }));
  await memory.open();
  await sqlite.open();
  const look = async (store: typeof memory): Promise<unknown> => {
    const { flow, ...others } = await everything(store);
    return queues ? { ...others, flow } : others;
  };
  try {
    for (const call of commands) {
      assert.deepEqual(await call(sqlite), await call(memory));
      assert.deepEqual(await look(sqlite), await look(memory));
    }
  } finally {
    await sqlite.close();
  }
}

const drawn = (forward: boolean) =>
  fc.array(drawnCommand({ queues, streams: true, forward }), { minLength: 10, maxLength: forward ? 80 : 60 });

test("the in-memory and the SQLite store return the same answers for any sequence of calls", async () => {
  await fc.assert(fc.asyncProperty(drawn(false), assertAlike), { numRuns: 250 });
});

test("they return the same answers for any sequence of calls of which none has an earlier time than the one before", async () => {
  await fc.assert(
    fc.asyncProperty(drawn(true), (commands) => assertAlike(inOrder(commands))),
    { numRuns: 250 },
  );
});
