import { resolve } from "node:path";
import { expect, test } from "vitest";
import { withoutOwnFrames } from "../../packages/runtime/src/own-frames.ts";

const own = resolve(import.meta.dirname, "../../packages/runtime");

test("frames of Perdure, wherever it was loaded from, and those below them are left out of a stack trace", () => {
  const stack = [
    "Error: no",
    "    at inner (/app/src/a.ts:4:20)",
    `    at async attempt (${own}/src/steps/task.ts:107:19)`,
    `    at CompiledModule.scope (file://${own}/dist/internal.mjs:66:66)`,
    "    at AsyncLocalStorage.run (node:internal/async_local_storage/async_hooks:91:14)",
    "    at outer (/app/src/a.ts:9:1)",
    "    at Array.map (<anonymous>)",
    "    at C (/app/node_modules/.pnpm/perdure@1/node_modules/perdure/dist/index.mjs:1:1)",
    String.raw`    at D (C:\app\node_modules\perdure\dist\index.mjs:1:1)`,
    "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
  ];
  expect(withoutOwnFrames(stack.join("\n"), "no").split("\n")).toEqual([0, 1, 5, 6].map((i) => stack[i]));
});

test("a stack trace without frames of Perdure, and text in a message, are left as they are", () => {
  const plain = "Error: x\n    at a (/app/perdure/src/a.ts:1:1)\n    at AsyncLocalStorage.run (node:async_hooks:1:1)";
  expect(withoutOwnFrames(plain, "x")).toBe(plain);
  const quoted = `it failed:\n    at attempt (${own}/src/steps/task.ts:1:1)`;
  const stack = `Error: ${quoted}\n    at a (/app/src/a.ts:1:1)`;
  expect(withoutOwnFrames(`${stack}\n    at b (${own}/src/b.ts:1:1)`, quoted)).toBe(stack);
  expect(
    withoutOwnFrames(`Error: old\n    at b (${own}/src/b.ts:1:1)\n    at a (/app/a.ts:1:1)`, "changed since"),
  ).toBe("Error: old\n    at a (/app/a.ts:1:1)");
});
