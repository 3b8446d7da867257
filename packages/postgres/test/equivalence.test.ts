import assert from "node:assert/strict";
import fc from "fast-check";
import { afterAll, beforeAll, test } from "vitest";
import { memoryStore } from "@perdure/store";
import { timedStore, type TimedStore } from "../../store/src/conformance/timed.ts";
import { drawnCommand, everything } from "../../store/test/commands.ts";
import { inOrder, type Command } from "../../store/test/drawn.ts";
import { postgresStore } from "../src/index.ts";
import { databases } from "./databases.ts";

const { beforeTests, afterTests, urlOf, clear } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

/** After how many calls everything in the stores is compared. After each one only their answers are. */
const LOOK_EVERY = 6;
const numRuns = Number(process.env["PERDURE_SEQUENCES"] ?? 20);

async function assertAlike(commands: readonly Command[]): Promise<void> {
  await clear("alike");
  const memory = timedStore(memoryStore());
  const postgres = timedStore(postgresStore(urlOf("alike")));
  await memory.open();
  await postgres.open();
  const look = async (): Promise<void> => {
    assert.deepEqual(await everything(postgres), await everything(memory));
  };
  const call = async (store: TimedStore, command: Command): Promise<unknown> => command(store);
  try {
    for (const [place, command] of commands.entries()) {
      assert.deepEqual(await call(postgres, command), await call(memory, command));
      if (place % LOOK_EVERY === 0) await look();
    }
    await look();
  } finally {
    await postgres.close();
  }
}

const drawn = (forward: boolean) =>
  fc.array(drawnCommand({ queues: true, streams: false, forward }), { minLength: 10, maxLength: forward ? 80 : 60 });

test("the in-memory and the PostgreSQL store return the same answers for any sequence of calls", async () => {
  await fc.assert(fc.asyncProperty(drawn(false), assertAlike), { numRuns });
});

test("they return the same answers for any sequence of calls of which none has an earlier time than the one before", async () => {
  await fc.assert(
    fc.asyncProperty(drawn(true), (commands) => assertAlike(inOrder(commands))),
    { numRuns },
  );
});
