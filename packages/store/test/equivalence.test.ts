import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { memoryStore, sqliteStore } from "../src/index.ts";
import { command, everything, type Command } from "./commands.ts";
import { tempFiles } from "./temp.ts";

const file = tempFiles();

async function assertAlike(commands: readonly Command[]): Promise<void> {
  const memory = memoryStore();
  const sqlite = sqliteStore(file(), { durability: "normal" });
  await sqlite.open();
  try {
    for (const call of commands) {
      assert.deepEqual(await call(sqlite), await call(memory));
      assert.deepEqual(await everything(sqlite), await everything(memory));
    }
  } finally {
    await sqlite.close();
  }
}

test("the in-memory and the SQLite store return the same answers for any sequence of calls", async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), assertAlike), { numRuns: 150 });
});
