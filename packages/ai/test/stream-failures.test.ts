import { isStepCount, streamText, tool, ToolLoopAgent } from "ai";
import { close, start } from "perdure";
import { durableModel, durableTools } from "perdure-ai";
import { crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { mockModel, text, toolCall, turnOf } from "./models.ts";

const silent = { logLevel: "silent" } as const;
beforeEach(() => void setup(silent));
afterEach(() => close());

const base = mockModel((call) => {
  const turn = turnOf(call);
  if (turn < 5) return [...text(`Step ${turn}.`), toolCall("search", {}, `s${turn}`)];
  return text("Over.");
});
const searching = vi.fn<(signal: AbortSignal | undefined) => Promise<string>>();
beforeEach(() => void searching.mockReset().mockResolvedValue("found"));
const tools = durableTools({
  search: tool({ inputSchema: z.object({}), execute: (_, { abortSignal }) => searching(abortSignal) }),
});
const model = durableModel(base, { name: "spender", budget: { tokens: 200 } });
const settings = { model, tools, stopWhen: isStepCount(9) };
const prompt = "Search.";

async function readingText() {
  "use workflow";
  return streamText({ ...settings, prompt }).text;
}

async function readingTokens() {
  "use workflow";
  let all = "";
  for await (const delta of streamText({ ...settings, prompt }).textStream) all += delta;
  return all;
}

async function readingParts() {
  "use workflow";
  const types: string[] = [];
  for await (const { type } of streamText({ ...settings, prompt }).fullStream) types.push(type);
  return types;
}

async function consuming() {
  "use workflow";
  const result = await new ToolLoopAgent(settings).stream({ prompt });
  await result.consumeStream();
  return result.finishReason;
}

describe.each<() => Promise<unknown>>([readingText, readingTokens, readingParts, consuming])("$name", (workflow) => {
  test("a run whose loop cannot call the model again fails with the reason", async () => {
    const run = await start(workflow, []);
    await expect(run.result()).rejects.toMatchObject({ code: "AI_BUDGET_SPENT" });
    expect((await run.steps()).map(({ id }) => id)).toHaveLength(4);
  });

  test("a run that is cancelled in the middle of its loop is cancelled", async () => {
    searching.mockImplementation(
      (signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    );
    const run = await start(workflow, []);
    await vi.waitFor(() => expect(searching).toHaveBeenCalled());
    await run.cancel("enough");
    await expect(run.result()).rejects.toMatchObject({ name: "CancelledError" });
    expect(await run.status()).toBe("cancelled");
  });
});

async function handling() {
  "use workflow";
  return readAll().catch(({ code }: { code?: string }) => code);
}

async function readAll() {
  return streamText({ ...settings, prompt }).text;
}

test("a workflow may handle it, and does the same after a crash at any durable write", async () => {
  const run = await start(handling, []);
  expect(await run.result()).toBe("AI_BUDGET_SPENT");
  await crashEverywhere(handling, [], { options: silent });
});
