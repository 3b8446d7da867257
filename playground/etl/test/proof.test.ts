import { describe, expect, test } from "vitest";
import { violations, type Death } from "../launcher/proof.ts";
import type { Entry } from "../launcher/read-journal.ts";

const entry = (step: string, pid: number, event: string): Entry => ({ task: "task", step, attempt: 1, pid, event });

/** The execution of `a` was recorded, that of `b` was interrupted. */
const beforeDeath = [entry("a", 1, "begin"), entry("a", 1, "end"), entry("b", 1, "begin")];
const death: Death = { pid: 1, lastStep: "b", executions: 2, lines: beforeDeath.length, finished: new Set(["a"]) };
const finished = new Set(["a", "b"]);

describe("the violations found in a run", () => {
  test("executing only the interrupted step again is no violation", () => {
    const entries = [...beforeDeath, entry("a", 2, "replayed"), entry("b", 2, "begin"), entry("b", 2, "end")];
    expect(violations({ entries, finished }, [death])).toEqual([]);
  });

  test("executing a finished step again is a violation", () => {
    const entries = [...beforeDeath, entry("a", 2, "begin"), entry("a", 2, "end")];
    expect(violations({ entries, finished }, [death])).toEqual([
      "a was finished when process 1 was killed, and process 2 executed it again",
    ]);
  });

  test("losing a checkpoint is a violation", () => {
    expect(violations({ entries: [], finished: new Set(["b"]) }, [death])).toEqual(["the checkpoint of a is gone"]);
  });

  test("finishing a step twice in one process is a violation", () => {
    const entries = [entry("a", 1, "end"), entry("a", 1, "end")];
    expect(violations({ entries, finished }, [])).toEqual(["process 1 finished a twice"]);
  });

  test("executing a step without recording its checkpoint is a violation", () => {
    expect(violations({ entries: beforeDeath, finished: new Set(["a"]) }, [])).toEqual([
      "b was executed and has no checkpoint",
    ]);
  });
});
