import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as perdure from "perdure";
import * as internal from "perdure/internal";
import { advance, setup } from "perdure/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { load } from "../../packages/compiler/test/execute.ts";
import { fixtures } from "../../packages/compiler/test/fixtures.ts";
import { Execution } from "../../packages/runtime/src/execution/execution.ts";

const update = process.env["UPDATE"] === "1";
const marked = fixtures.filter(({ name }) => name.startsWith("clean-up-"));

test.each(marked.map((fixture) => [fixture.name, fixture] as const))(
  "%s: what a cancellation would do to each call",
  async (_, { directory, files, input }) => {
    const calls: string[] = [];
    const call = vi.spyOn(Execution.prototype, "call");
    onTestFinished(() => call.mockRestore());
    const modules = { perdure, "perdure/internal": internal };
    const { main } = load(files, input, "compiled", modules, () => {}) as { readonly main: () => Promise<unknown> };
    setup();
    onTestFinished(perdure.close);
    const running = main();
    await advance("1d");
    await running;
    for (const [{ shelter }, { name, input: given }] of call.mock.calls)
      calls.push(`${shelter}: ${name} ${JSON.stringify(given)}\n`);
    const path = join(directory, "shelters.txt");
    if (update) writeFileSync(path, calls.join(""));
    expect(calls.join("")).toBe(readFileSync(path, "utf8"));
  },
);
