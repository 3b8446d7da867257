import { generateText, isStepCount, smoothStream, streamText, tool } from "ai";
import { close } from "perdure";
import { durableModel, durableTools } from "perdure-ai";
import { crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { mockModel, promptOf, text, toolCall, turnOf } from "./models.ts";

beforeEach(() => void setup());
afterEach(() => close());

/** Every call takes another time, so that the steps of the agents end in an order of their own in each round. */
const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 4));

const base = mockModel(
  (call) => {
    const who = promptOf(call);
    const turn = turnOf(call);
    if (turn === 3) return text(`bye ${who}`);
    return ["a", "b"].map((part) => toolCall("count", { who, turn, part }, `${who}-${turn}-${part}`));
  },
  { before: wait },
);
const model = durableModel(base, { name: "counter" });

const inputSchema = z.object({ who: z.string(), turn: z.number(), part: z.string() });
const tools = durableTools({
  count: tool({
    inputSchema,
    execute: async (input) => {
      await wait();
      return input;
    },
  }),
});

const people = ["ada", "bob", "eve"];
const settings = { model, tools, stopWhen: isStepCount(8) };

async function generating() {
  "use workflow";
  return Promise.all(people.map(async (prompt) => (await generateText({ ...settings, prompt })).text));
}

async function streaming() {
  "use workflow";
  return Promise.all(
    people.map(async (prompt) => {
      const result = streamText({ ...settings, prompt });
      let all = "";
      for await (const delta of result.textStream) all += delta;
      return all;
    }),
  );
}

async function consuming() {
  "use workflow";
  const results = people.map((prompt) => streamText({ ...settings, prompt }));
  for (const result of results) void result.consumeStream();
  return Promise.all(results.map((result) => result.text));
}

test.each([
  ["generateText", generating],
  ["streamText", streaming],
  ["streams that are only consumed", consuming],
])("agents that share a model, tools and a scope, in any order of completions: %s", async (_, workflow) => {
  const report = await crashEverywhere<[], string[]>(workflow, []);
  expect(new Set(report.steps).size).toBe(3 * (4 + 6));
});

async function smooth() {
  "use workflow";
  const experimental_transform = smoothStream({ delayInMs: null });
  const result = streamText({ model, prompt: "nobody", tools, stopWhen: isStepCount(8), experimental_transform });
  const parts: string[] = [];
  for await (const delta of result.textStream) parts.push(delta);
  return parts;
}

test("a transform of the stream without timers is a part of the replay", async () => {
  expect((await crashEverywhere(smooth, [])).steps).toHaveLength(4 + 6);
});
