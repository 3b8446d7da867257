import { generateObject, generateText, isStepCount, Output, streamText, tool, ToolLoopAgent } from "ai";
import { close, keyed, start } from "perdure";
import { durableModel, durableTools, usageOf } from "perdure-ai";
import { crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { mockModel, text, toolCall, turnOf } from "./models.ts";

beforeEach(() => void setup());
afterEach(() => close());

const base = mockModel((call) =>
  turnOf(call) === 0
    ? [toolCall("weather", { city: "Vienna" }, "a"), toolCall("weather", { city: "Graz" }, "b")]
    : turnOf(call) === 1
      ? [toolCall("convert", { celsius: 20 })]
      : text("It is 68 F in Vienna and in Graz."),
);
const model = durableModel(base, { name: "weatherman" });

const executed: string[] = [];

const tools = {
  ...durableTools({
    weather: tool({
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        executed.push(city);
        return { city, celsius: 20 };
      },
    }),
  }),
  convert: tool({
    inputSchema: z.object({ celsius: z.number() }),
    execute: async ({ celsius }) => {
      "use task: name=convert";
      executed.push("convert");
      return (celsius * 9) / 5 + 32;
    },
  }),
};

const agent = new ToolLoopAgent({ model, tools, instructions: "You know the weather.", stopWhen: isStepCount(5) });

async function withGenerateText(prompt: string) {
  "use workflow";
  const result = await generateText({ model, tools, prompt, stopWhen: isStepCount(5) });
  return { text: result.text, messages: result.responseMessages, ids: result.steps.map(({ response }) => response.id) };
}

async function withStreamText(prompt: string) {
  "use workflow";
  const result = streamText({ model, tools, prompt, stopWhen: isStepCount(5) });
  const parts: string[] = [];
  for await (const part of result.fullStream) parts.push(part.type);
  return { parts, text: await result.text, messages: await result.responseMessages };
}

async function withAgent(prompt: string) {
  "use workflow";
  const result = await agent.generate({ prompt });
  return { text: result.text, messages: result.responseMessages };
}

async function withStreamingAgent(prompt: string) {
  "use workflow";
  const result = await agent.stream({ prompt });
  let all = "";
  for await (const delta of result.textStream) all += delta;
  return { text: all, messages: await result.responseMessages };
}

describe.each([
  ["generateText", withGenerateText, "generate"],
  ["streamText", withStreamText, "stream"],
  ["ToolLoopAgent.generate", withAgent, "generate"],
  ["ToolLoopAgent.stream", withStreamingAgent, "stream"],
] as const)("%s in a workflow", (_, workflow, kind) => {
  const steps = [
    `weatherman.${kind}[0]`,
    "{a}/weather[0]",
    "{b}/weather[0]",
    `weatherman.${kind}[1]`,
    "convert[0]",
    `weatherman.${kind}[2]`,
  ];

  test("each call of the model and of a tool is a step, and the messages are those of the plain program", async () => {
    executed.length = 0;
    const run = await start(workflow, ["How warm is it?"]);
    const result = await run.result();
    expect(result.text).toBe("It is 68 F in Vienna and in Graz.");
    expect(result.messages.map(({ role }) => role)).toEqual(["assistant", "tool", "assistant", "tool", "assistant"]);
    expect(executed).toEqual(["Vienna", "Graz", "convert"]);
    expect((await run.steps()).map(({ id }) => id)).toEqual(steps);
    expect(await usageOf(run)).toMatchObject({ inputTokens: 300, outputTokens: 30, totalTokens: 330 });
  });

  test("a crash at any durable write changes nothing, and no recorded step is executed again", async () => {
    const report = await crashEverywhere(workflow, ["How warm is it?"]);
    expect(report.steps).toEqual(steps.map((id) => `crash-everywhere ${id}`));
  });
});

const person = z.object({ name: z.string(), age: z.number() });
const writer = mockModel(() => text(JSON.stringify({ name: "Ada", age: 36 })));

async function structured() {
  "use workflow";
  const output = durableModel(writer, { name: "writer" });
  const first = await generateText({ model: output, prompt: "Who?", output: Output.object({ schema: person }) });
  const second = await generateObject({ model: output, prompt: "Who?", schema: person });
  const third = streamText({ model: output, prompt: "Who?", output: Output.object({ schema: person }) });
  const partial: unknown[] = [];
  for await (const part of third.partialOutputStream) partial.push(part);
  return [first.output, second.object, partial.at(-1)];
}

test("structured output survives a crash at any durable write", async () => {
  const run = await start(structured, []);
  expect(await run.result()).toEqual(Array(3).fill({ name: "Ada", age: 36 }));
  const report = await crashEverywhere(structured, []);
  expect(report.steps).toEqual(
    ["generate[0]", "generate[1]", "stream[0]"].map((step) => `crash-everywhere writer.${step}`),
  );
});

async function parallel() {
  "use workflow";
  const ask = (prompt: string, n: number) => generateText({ model, tools, prompt, stopWhen: isStepCount(2 + n) });
  const [a, b, c] = await Promise.all([ask("one", 0), ask("two", 1), ask("three", 2)]);
  return [a, b, c].map(({ steps, text }) => [steps.length, text]);
}

async function parallelStreams() {
  "use workflow";
  const ask = async (prompt: string, n: number) => {
    const result = streamText({ model, tools, prompt, stopWhen: isStepCount(2 + n) });
    const types: string[] = [];
    for await (const { type } of result.fullStream) types.push(type);
    return [types, await result.text];
  };
  return Promise.all(["one", "two", "three"].map((prompt, n) => keyed(prompt, () => ask(prompt, n))));
}

test.each([
  ["that share a model", parallel],
  ["that stream, each under a key", parallelStreams],
])("several agents at once %s have the same results after a crash at any durable write", async (_, workflow) => {
  const report = await crashEverywhere<[], unknown>(workflow, []);
  expect(report.steps.length).toBeGreaterThan(15);
  expect(new Set(report.steps).size).toBe(report.steps.length);
});

test("outside of a run the model is the model itself", async () => {
  const result = await generateText({ model: durableModel(writer), prompt: "Who?" });
  expect(result.text).toMatch("Ada");
  expect(result.response.headers).toEqual({ "set-cookie": "secret" });
  const streamed = streamText({ model: durableModel(writer), prompt: "Who?" });
  expect(await streamed.text).toMatch("Ada");
});

async function askOnce(prompt: string) {
  "use workflow";
  const {
    text: answer,
    response,
    request,
  } = await generateText({ model, prompt, headers: { authorization: "secret" } });
  return { answer, response, request };
}

test("no header and no body of a request or a response is recorded", async () => {
  setup({ recordInputs: true });
  const run = await start(askOnce, ["Who?"]);
  await run.result();
  expect(JSON.stringify([await run.steps(), await run.output()])).not.toMatch("secret");
});
