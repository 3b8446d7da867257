import { generateText, isStepCount, streamText, tool, ToolLoopAgent, type ToolSet } from "ai";
import { close, FatalError, start, taskContext } from "perdure";
import { approve, durableModel, durableTools, type DurableModelOptions } from "perdure-ai";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { mockModel, promptOf, text, toolCall, turnOf, type Content } from "./models.ts";

beforeEach(() => void setup({ logLevel: "silent" }));
afterEach(() => close());

/** Calls these tools, then repeats to the user what they have said. */
const caller = (...calls: Content) =>
  durableModel(
    mockModel((call) => (turnOf(call) === 0 ? calls : text(JSON.stringify(call.prompt.at(-1)?.content)))),
    { name: "caller" },
  );

const settings = { prompt: "Do it.", stopWhen: isStepCount(3) };
const failing = vi.fn<() => Promise<string>>();
beforeEach(() => void failing.mockReset());
const nothing = z.object({});

const flaky = durableTools(
  { flaky: tool({ inputSchema: nothing, execute: () => failing() }) },
  { retries: 1, retryIf: (error) => (error as Error).message !== "final" },
);
const callsFlaky = caller(toolCall("flaky", {}));

async function callFlaky() {
  "use workflow";
  return (await generateText({ ...settings, model: callsFlaky, tools: flaky })).text;
}

test("a tool that fails is tried again, and its last error is recorded and reaches the model", async () => {
  failing.mockRejectedValue(new Error("out of order"));
  const run = await start(callFlaky, []);
  await advance("1m");
  expect(await run.result()).toContain("out of order");
  expect(failing).toHaveBeenCalledTimes(2);
  await crashEverywhere(callFlaky, []);
});

test.each([new FatalError("never"), new Error("final")])("a tool is not tried again after %s", async (error) => {
  failing.mockRejectedValue(error);
  const run = await start(callFlaky, []);
  expect(await run.result()).toContain(error.message);
  expect(failing).toHaveBeenCalledTimes(1);
});

const kept = durableTools({
  photo: tool({
    description: "Takes a photo",
    inputSchema: z.object({ of: z.string() }),
    execute: async ({ of }, { toolCallId }) => ({
      of,
      toolCallId,
      bytes: new Uint8Array([1]),
      key: taskContext().stepId,
    }),
    toModelOutput: ({ output }) => ({ type: "text", value: `a photo of ${output.of}, ${output.bytes.length} byte` }),
  }),
});
const callsPhoto = caller(toolCall("photo", { of: "a whale" }, "p1"));

async function callPhoto() {
  "use workflow";
  const result = await generateText({ ...settings, model: callsPhoto, tools: kept });
  return [result.text, result.toolResults, result.steps[0]?.toolResults[0]?.output];
}

test("the schema, the options of the call and what the model gets are those of the tool", async () => {
  expect(Object.keys(kept.photo)).toEqual(["description", "inputSchema", "execute", "toModelOutput"]);
  const run = await start(callPhoto, []);
  const [said, , output] = (await run.result()) as unknown[];
  expect(said).toContain("a photo of a whale, 1 byte");
  expect(output).toEqual({ of: "a whale", toolCallId: "p1", bytes: new Uint8Array([1]), key: "{p1}/photo[0]" });
});

const counting = durableTools({
  count: tool({
    inputSchema: nothing,
    async *execute() {
      yield "1 of 2";
      yield "2 of 2";
    },
  }),
});
const callsCount = caller(toolCall("count", {}));

async function callCount() {
  "use workflow";
  const outputs: unknown[] = [];
  const { fullStream } = streamText({ ...settings, model: callsCount, tools: counting });
  for await (const part of fullStream) if (part.type === "tool-result") outputs.push([part.output, part.preliminary]);
  return outputs;
}

test("what a tool yields on its way is recorded, and yielded again in a replay", async () => {
  const run = await start(callCount, []);
  expect(await run.result()).toEqual([
    ["1 of 2", true],
    ["2 of 2", true],
    ["2 of 2", undefined],
  ]);
  await crashEverywhere(callCount, []);
});

const marked = durableTools(
  {
    post: tool({
      inputSchema: z.object({ to: z.string() }),
      needsApproval: true,
      async execute({ to }, { toolCallId }) {
        "use task: name=post, retries=2, backoff=constant(1s)";
        await failing();
        return `${toolCallId} to ${to}, attempt ${taskContext().attempt}`;
      },
    }),
  },
  { retries: 0 },
);
const callsPost = caller(toolCall("post", { to: "ada" }, "p"));

async function callPost() {
  "use workflow";
  return (await generateText({ ...settings, model: callsPost, tools: marked })).text;
}

test("a tool that is a task keeps its own options, and can need approval", async () => {
  failing.mockRejectedValueOnce(new Error("busy")).mockResolvedValue("");
  const run = await start(callPost, []);
  await approve(run.id, "p");
  await advance("1s");
  expect(await run.result()).toContain("p to ada, attempt 2");
  expect((await run.steps()).map(({ id }) => id)).toContain("{p}/post[0]");
});

const same = caller(toolCall("flaky", {}, "same"), toolCall("flaky", {}, "same"));

async function callTwice() {
  "use workflow";
  return (await generateText({ ...settings, model: same, tools: flaky })).text;
}

test("calls to which a model has given one id are steps of their own", async () => {
  failing.mockResolvedValueOnce("first").mockResolvedValueOnce("second");
  const run = await start(callTwice, []);
  expect(await run.result()).toMatch(/first.*second/);
  expect((await run.steps()).map(({ id }) => id)).toEqual([
    "caller.generate[0]",
    "{same}/flaky[0]",
    "{same}/flaky~1[0]",
    "caller.generate[1]",
  ]);
});

test("outside of a run the tools are the tools themselves", async () => {
  failing.mockResolvedValue("fine");
  const { text: said } = await generateText({ ...settings, model: callsFlaky, tools: flaky });
  expect(said).toContain("fine");
});

interface Deps {
  readonly greeting: string;
  readonly retries: number;
}

/** A factory of agents, each with its name, its dependencies and its retries. */
function agentOf(name: string, { greeting, retries }: Deps, options: DurableModelOptions = {}) {
  const tools = durableTools(
    {
      greet: tool({
        inputSchema: z.object({ who: z.string() }),
        execute: async ({ who }) => {
          await failing();
          return `${greeting}, ${who}`;
        },
      }),
    } satisfies ToolSet,
    { retries },
  );
  const base = mockModel((call) =>
    turnOf(call) === 0
      ? [toolCall("greet", { who: promptOf(call) }, `${name}-1`)]
      : text(JSON.stringify(call.prompt.at(-1)?.content)),
  );
  return new ToolLoopAgent({ model: durableModel(base, { name, ...options }), tools });
}

const polite = agentOf("polite", { greeting: "Good day", retries: 0 });
const brief = agentOf("brief", { greeting: "Hi", retries: 2 });

async function both(who: string) {
  "use workflow";
  const answers = await Promise.all([polite, brief].map((agent) => agent.generate({ prompt: who })));
  return answers.map((answer) => answer.text);
}

describe("several agents of one factory", () => {
  test("each has its own name, tools, dependencies and retries", async () => {
    failing.mockRejectedValueOnce(new Error("busy")).mockRejectedValueOnce(new Error("busy")).mockResolvedValue("");
    const run = await start(both, ["Ada"]);
    await advance("1m");
    expect(await run.result()).toEqual([expect.stringContaining("busy"), expect.stringContaining("Hi, Ada")]);
    expect((await run.steps()).map(({ id, attempts }) => [id, attempts]).sort()).toEqual([
      ["brief.generate[0]", 1],
      ["brief.generate[1]", 1],
      ["polite.generate[0]", 1],
      ["polite.generate[1]", 1],
      ["{brief-1}/greet[0]", 2],
      ["{polite-1}/greet[0]", 1],
    ]);
  });

  test("they survive a crash at any durable write", async () => {
    failing.mockResolvedValue("");
    expect((await crashEverywhere(both, ["Ada"])).steps).toHaveLength(6);
  });
});

async function asTask(who: string) {
  "use task: retries=1, backoff=constant(1s)";
  const { text: said } = await brief.generate({ prompt: who });
  if (taskContext().attempt === 1) throw new Error("after the agent");
  return said;
}
async function around(who: string) {
  "use workflow";
  return asTask(who);
}

test("an agent in a task: its steps are recorded under the task, and are not repeated in the next attempt", async () => {
  failing.mockResolvedValue("");
  const run = await start(around, ["Ada"]);
  await advance("1m");
  expect(await run.result()).toContain("Hi, Ada");
  expect(failing).toHaveBeenCalledTimes(1);
  expect((await run.steps()).filter(({ outer }) => outer === "asTask[0]")).toHaveLength(3);
});

async function recording(who: string) {
  "use workflow";
  const messages = [
    {
      role: "user" as const,
      content: [
        { type: "text" as const, text: who },
        { type: "file" as const, mediaType: "image/png", data: new Uint8Array(9) },
      ],
    },
  ];
  await generateText({
    ...settings,
    prompt: undefined as never,
    messages,
    model: callsFlaky,
    tools: flaky,
    instructions: "Be kind.",
  });
}

test("what the user has said is recorded once, without files", async () => {
  failing.mockResolvedValue("");
  const run = await start(recording, ["Ada"]);
  await run.result();
  const asked = (await run.steps()).map(({ output }) => (output as { asked?: unknown }).asked);
  expect(asked).toEqual([
    [
      { role: "system", content: "Be kind." },
      {
        role: "user",
        content: [
          { type: "text", text: "Ada" },
          { type: "file", mediaType: "image/png" },
        ],
      },
    ],
    undefined,
    undefined,
  ]);
});
