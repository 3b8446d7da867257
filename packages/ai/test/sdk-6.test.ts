import { generateText, stepCountIs, streamObject, streamText, tool, ToolLoopAgent, type LanguageModel } from "ai-6";
import { MockLanguageModelV3, simulateReadableStream } from "ai-6/test";
import { close, start } from "perdure";
import { deny, durableModel, durableTools, usageOf } from "perdure-ai";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";

vi.mock("ai", () => import("ai-6"));

beforeEach(() => void setup());
afterEach(() => close());

type Result = Awaited<ReturnType<MockLanguageModelV3["doGenerate"]>>;
type Call = Parameters<MockLanguageModelV3["doGenerate"]>[0];

const usage = {
  inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: undefined },
};

function answer({ prompt }: Call): Pick<Result, "content" | "finishReason"> {
  if (prompt.some(({ role }) => role === "assistant"))
    return {
      content: [{ type: "text", text: JSON.stringify(prompt.at(-1)?.content) }],
      finishReason: { unified: "stop", raw: undefined },
    };
  const call = (city: string) => ({
    type: "tool-call" as const,
    toolCallId: city,
    toolName: "weather",
    input: JSON.stringify({ city }),
  });
  return { content: [call("Vienna"), call("Graz")], finishReason: { unified: "tool-calls", raw: undefined } };
}

const failing = vi.fn<() => void>();
const base = new MockLanguageModelV3({
  doGenerate: async (call) => {
    failing();
    return { ...answer(call), usage, warnings: [] };
  },
  doStream: async (call) => {
    const { content, finishReason } = answer(call);
    const parts = content.flatMap((part): object[] =>
      part.type === "text"
        ? [
            { type: "text-start" as const, id: "0" },
            { type: "text-delta" as const, id: "0", delta: part.text },
            { type: "text-end" as const, id: "0" },
          ]
        : [part],
    );
    const chunks = [{ type: "stream-start", warnings: [] }, ...parts, { type: "finish", finishReason, usage }];
    return { stream: simulateReadableStream({ chunks }) } as Awaited<ReturnType<MockLanguageModelV3["doStream"]>>;
  },
});

// the package is compiled against the types of the current version
const model = durableModel(base as never, { name: "weatherman" }) as unknown as LanguageModel;
const weather = tool({
  inputSchema: z.object({ city: z.string() }),
  needsApproval: ({ city }) => city === "Graz",
  execute: async ({ city }) => ({ city, celsius: 20 }),
});
const tools = durableTools({ weather } as never) as unknown as { weather: typeof weather };

async function generate() {
  "use workflow";
  return (await generateText({ model, tools, prompt: "?", stopWhen: stepCountIs(3) })).text;
}

async function stream() {
  "use workflow";
  let all = "";
  for await (const delta of streamText({ model, tools, prompt: "?", stopWhen: stepCountIs(3) }).textStream)
    all += delta;
  return all;
}

async function agent() {
  "use workflow";
  return (await new ToolLoopAgent({ model, tools }).generate({ prompt: "?" })).text;
}

test.each([
  ["generateText", generate],
  ["streamText", stream],
  ["ToolLoopAgent", agent],
])("%s of the AI SDK 6, with an approval, survives a crash at any durable write", async (_, workflow) => {
  const signals = { "approval:Graz": { approved: false, reason: "too far" } };
  const { steps } = await crashEverywhere(workflow, [], { signals, options: { logLevel: "silent" } });
  expect(steps).toHaveLength(2 + 2 + 2);
});

test("a denial reaches the model, and the usage is counted", async () => {
  const run = await start(generate, []);
  await advance("1s");
  await deny(run.id, "Graz", "too far");
  expect(await run.result()).toContain('{"type":"execution-denied","reason":"too far"}');
  expect(await usageOf(run)).toMatchObject({ totalTokens: 220 });
});

const spender = durableModel(base as never, { name: "spender", budget: { tokens: 1 } }) as unknown as LanguageModel;
const free = durableTools({ weather } as never, { approval: { weather: false } } as never) as unknown as typeof tools;

async function spend(how: string) {
  "use workflow";
  const result = streamText({ model: spender, tools: free, prompt: "?", stopWhen: stepCountIs(3) });
  if (how === "text") return result.text;
  if (how === "object") {
    await generateText({ model: spender, prompt: "?" });
    return streamObject({ model: spender, prompt: "?", schema: z.object({}) }).object;
  }
  let all = "";
  for await (const delta of result.textStream) all += delta;
  return all;
}

test.each(["text", "tokens", "object"])(
  "a loop that cannot call the model again fails with the reason: %s",
  async (how) => {
    setup({ logLevel: "silent" });
    const run = await start(spend, [how]);
    await expect(run.result()).rejects.toMatchObject({ code: "AI_BUDGET_SPENT" });
  },
);

test("the SDK 6 does not try again what the step has tried", async () => {
  const { APICallError } = await import("ai-6");
  failing.mockClear();
  failing.mockImplementation(() => {
    throw new APICallError({ message: "overloaded", url: "x", requestBodyValues: {}, statusCode: 529 });
  });
  setup({ logLevel: "silent" });
  const run = await start(generate, []);
  await advance("5m");
  await expect(run.result()).rejects.toMatchObject({ name: "AI_APICallError", statusCode: 529 });
  expect(failing).toHaveBeenCalledTimes(4);
});
