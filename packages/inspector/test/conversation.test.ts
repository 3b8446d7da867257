/** How the steps of an agent become conversations. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StepInfo } from "perdure";
import type { ContentItem, Conversation, ConversationItem, ToolCallItem } from "../src/api-conversation.ts";
import { conversationsOf } from "../src/conversation/conversation.ts";
import { Recorder, repeated, results, system, text, toolCall, usage, user } from "./conversation-steps.ts";

/** One line for each item. */
const linesOf = ({ items }: Conversation): string[] =>
  items.flatMap((item) => [`${whoSays(item)}: ${partsOf(item).map(lineOf).join(" | ")}`]);

const whoSays = (item: ConversationItem): string => (item.type === "call" ? item.call.step.id : item.role);
const partsOf = (item: ConversationItem): readonly ContentItem[] =>
  item.type === "call" ? item.call.parts : item.parts;

function lineOf(part: ContentItem): string {
  switch (part.type) {
    case "text":
      return part.text.text;
    case "reasoning":
      return `(${part.text.text})`;
    case "tool-call":
      return toolLine(part.call);
    case "file":
      return `file ${part.name ?? ""} ${part.mediaType}`;
    case "source":
      return `source ${part.title}`;
    case "value":
      return part.value.text;
  }
}

const toolLine = ({ name, input, output, state }: ToolCallItem): string =>
  `${name}(${input?.text ?? ""}) ${state} ${output?.text ?? "-"}`;

const toolsIn = (conversation: Conversation | undefined): ToolCallItem[] =>
  (conversation?.items ?? []).flatMap(partsOf).flatMap((part) => (part.type === "tool-call" ? [part.call] : []));

const only = (steps: readonly StepInfo[]): Conversation => {
  const { conversations } = conversationsOf(steps);
  expect(conversations).toHaveLength(1);
  return conversations[0] as Conversation;
};

/** An agent that calls two tools at once, and one after them. */
function weather(): Recorder {
  const record = new Recorder();
  const asks = [toolCall("a", "weather", { city: "Vienna" }), toolCall("b", "weather", { city: "Graz" })];
  const asksMore = [text("I convert."), toolCall("c", "convert", 20)];
  const first = [system("You know the weather."), user("How warm is it?")];
  const second = [...first, repeated(asks), results(["a", "weather", 20], ["b", "weather", 21])];
  const third = [...second, repeated(asksMore), results(["c", "convert", 68])];
  record.generate(first, asks);
  record.tool("a", "weather", 20);
  record.tool("b", "weather", 21);
  record.generate(second, asksMore);
  record.step("", "convert", { output: 68, location: "src/agent.ts:3:5" });
  record.generate(third, [text("It is 68 F.")]);
  return record;
}

test("each message is there once, in order, with the results of the calls of tools in their places", () => {
  const conversation = only(weather().steps);
  expect(linesOf(conversation)).toEqual([
    "system: You know the weather.",
    "user: How warm is it?",
    "weatherman.generate[0]: weather({ city: 'Vienna' }) completed 20 | weather({ city: 'Graz' }) completed 21",
    "weatherman.generate[1]: I convert. | convert(20) completed 68",
    "weatherman.generate[2]: It is 68 F.",
  ]);
  expect(toolsIn(conversation).map(({ step }) => step?.id)).toEqual(["{a}/weather[0]", "{b}/weather[0]", "convert[0]"]);
  expect(conversation.name).toBe("weatherman");
});

test("usage and cost are those of each call, of each conversation and of all calls", () => {
  const record = weather();
  record.step("", "small.embed", {
    output: { ai: "embed", provider: "mock", modelId: "small", usage: usage(7, 0, 0.5), result: { embeddings: [] } },
  });
  const { conversations, otherCalls, usage: all } = conversationsOf(record.steps);
  expect(conversations[0]?.usage).toEqual(usage(300, 30, 0.75));
  expect(conversations[0]?.items.at(-1)).toMatchObject({ call: { usage: usage(100, 10), model: "mock-1" } });
  expect(otherCalls).toMatchObject([{ kind: "embed", model: "small", usage: usage(7, 0, 0.5), parts: [] }]);
  expect(all).toEqual(usage(307, 30, 1.25));
});

/** Where the program does not record inputs. */
const withoutInputs = (steps: readonly StepInfo[]): StepInfo[] => steps.map(({ input: _, ...step }) => step);

test("without recorded inputs, what was asked, the answers and the calls of tools are there", () => {
  const conversation = only(withoutInputs(weather().steps));
  expect(linesOf(conversation)).toEqual([
    "system: You know the weather.",
    "user: How warm is it?",
    "weatherman.generate[0]: weather({ city: 'Vienna' }) completed 20 | weather({ city: 'Graz' }) completed 21",
    "weatherman.generate[1]: I convert. | convert(20) completed 68",
    "weatherman.generate[2]: It is 68 F.",
  ]);
});

test("the parts of a stream are put together", () => {
  const record = new Recorder();
  const finish = { type: "finish", finishReason: { unified: "length", raw: "max" }, usage: {} };
  record.stream(
    [user("Hi")],
    [
      { type: "stream-start", warnings: [] },
      { type: "response-metadata", id: "r", modelId: "mock-1" },
      { type: "reasoning-start", id: "0" },
      { type: "reasoning-delta", id: "0", delta: "Let me " },
      { type: "text-start", id: "0" },
      { type: "reasoning-delta", id: "0", delta: "think." },
      { type: "text-delta", id: "0", delta: "Hello " },
      { type: "reasoning-end", id: "0" },
      { type: "text-delta", id: "0", delta: "there" },
      { type: "text-end", id: "0" },
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "again" },
      { type: "text-start", id: "empty" },
      { type: "tool-input-start", id: "t", toolName: "search" },
      { type: "tool-input-delta", id: "t", delta: "{}" },
      { type: "tool-input-end", id: "t" },
      toolCall("t", "search", {}),
      { type: "source", sourceType: "url", id: "s", url: "https://example.com", title: "A page" },
      { type: "file", mediaType: "image/png", data: new Uint8Array(4) },
      finish,
    ],
  );
  const conversation = only(record.steps);
  expect(linesOf(conversation)).toEqual([
    "user: Hi",
    "weatherman.stream[0]: (Let me think.) | Hello there | again | search({}) open - | source A page | file  image/png",
  ]);
  expect(conversation.items[1]).toMatchObject({ call: { kind: "stream", finishReason: "length" } });
});

describe("several conversations in one run", () => {
  test("they are kept apart by their prompts, also when they are at the same time", () => {
    const record = new Recorder();
    const [one, other] = [user("One"), user("Other")];
    record.generate([system("A"), one], [text("1")]);
    record.generate([system("A"), other], [text("2")]);
    record.generate([system("A"), one, repeated([text("1")]), user("More")], [text("3")]);
    record.generate([system("B"), other], [text("4")], { model: "critic" });
    record.generate([system("A"), other, repeated([text("2")]), user("Less")], [text("5")]);
    expect(conversationsOf(record.steps).conversations.map(linesOf)).toEqual([
      ["system: A", "user: One", "weatherman.generate[0]: 1", "user: More", "weatherman.generate[2]: 3"],
      ["system: A", "user: Other", "weatherman.generate[1]: 2", "user: Less", "weatherman.generate[3]: 5"],
      ["system: B", "user: Other", "critic.generate[0]: 4"],
    ]);
  });

  test("the same question asked twice is two conversations, and each continues with its own answer", () => {
    const record = new Recorder();
    const ask = [user("Toss a coin.")];
    const first = record.generate(ask, [text("heads")]);
    record.generate(ask, [text("tails")], { startedAt: first.startedAt });
    record.generate([...ask, repeated([text("heads")]), user("Sure?")], [text("yes")]);
    record.generate([...ask, repeated([text("tails")]), user("Sure?")], [text("no")]);
    expect(conversationsOf(record.steps).conversations.map((each) => linesOf(each).at(-1))).toEqual([
      "weatherman.generate[2]: yes",
      "weatherman.generate[3]: no",
    ]);
  });

  test("without recorded inputs, they are kept apart by their instructions, their models and what answers ask for", () => {
    const record = new Recorder();
    const asks = [toolCall("a", "search", "x")];
    const one = [system("A"), user("One")];
    record.generate(one, asks);
    record.generate([user("Other")], [text("2")], { model: "critic" });
    record.tool("a", "search", "found");
    record.generate([user("Again")], [text("3")], { model: "critic" });
    record.generate([...one, repeated(asks), results(["a", "search", "found"])], [text("4")]);
    record.generate([...one, repeated([text("4")]), user("More")], [text("5")]);
    record.generate([system("A"), user("Two")], [text("6")]);
    const { conversations, isGuess } = conversationsOf(withoutInputs(record.steps));
    expect(conversations.map(linesOf)).toEqual([
      [
        "system: A",
        "user: One",
        "weatherman.generate[0]: search(x) completed found",
        "weatherman.generate[1]: 4",
        "user: More",
        "weatherman.generate[2]: 5",
      ],
      ["user: Other", "critic.generate[0]: 2"],
      ["user: Again", "critic.generate[1]: 3"],
      ["system: A", "user: Two", "weatherman.generate[3]: 6"],
    ]);
    expect(isGuess).toBe(true);
    expect(conversationsOf(record.steps).isGuess).toBe(false);
    expect(conversationsOf(withoutInputs(weather().steps)).isGuess).toBe(false);
  });

  test("a call whose prompt has lost the oldest messages, or has other marks for the cache, continues its conversation", () => {
    const record = new Recorder();
    const before = [system("S"), user("1")];
    record.generate(before, [text("one")]);
    record.generate([...before, repeated([text("one")]), user("2")], [text("two")]);
    const marked = { ...user("2"), providerOptions: { anthropic: { cacheControl: "ephemeral" } } };
    record.generate([system("S"), marked, repeated([text("two")]), user("3")], [text("three")]);
    expect(linesOf(only(record.steps)).slice(-3)).toEqual([
      "weatherman.generate[1]: two",
      "user: 3",
      "weatherman.generate[2]: three",
    ]);
  });

  test("a fallback follows the call that has failed", () => {
    const record = new Recorder();
    record.generate([user("Hi")], [], { state: "failed", error: new Error("overloaded"), attempts: 3 });
    record.generate([user("Hi")], [text("Hello")], { model: "weatherman.fallback1" });
    const conversation = only(record.steps);
    expect(linesOf(conversation)).toEqual([
      "user: Hi",
      "weatherman.generate[0]: ",
      "weatherman.fallback1.generate[0]: Hello",
    ]);
    expect(conversation.items[1]).toMatchObject({
      call: { step: { state: "failed", error: "Error: overloaded", attempts: 3 } },
    });
    expect(linesOf(only(withoutInputs(record.steps)))).toEqual(linesOf(conversation));
  });

  test("the messages of an earlier run are there, with the results that the model was told", () => {
    const record = new Recorder();
    const asked = repeated([toolCall("old", "search", "x")]);
    const told = { ...results(["old", "search", 0]) };
    record.generate([user("1"), asked, told, repeated([text("one")]), user("2")], [text("two")]);
    expect(linesOf(only(record.steps))).toEqual([
      "user: 1",
      "assistant: search(x) completed 0",
      "assistant: one",
      "user: 2",
      "weatherman.generate[0]: two",
    ]);
  });
});

describe("calls of tools", () => {
  const asking = (...calls: ReturnType<typeof toolCall>[]): Recorder => {
    const record = new Recorder();
    record.generate([user("Go")], calls);
    return record;
  };
  const toolOf = (record: Recorder): ToolCallItem | undefined => toolsIn(only(record.steps))[0];

  test.each<[string, (record: Recorder) => void, object]>([
    ["waits", (record) => record.approval("m", "mail", "ada", { state: "open" }), { state: "waiting" }],
    [
      "is approved and executed",
      (record) => {
        record.approval("m", "mail", "ada", { output: { approved: true } });
        record.tool("m", "mail", "sent");
      },
      { state: "completed", output: { text: "sent" } },
    ],
    [
      "is denied",
      (record) => record.approval("m", "mail", "ada", { output: { approved: false, reason: "no" } }),
      { state: "denied", approval: { state: "denied", reason: "no" } },
    ],
    [
      "was not answered in time",
      (record) => {
        const error = Object.assign(new Error("after 1 h"), { name: "TimeoutError" });
        record.approval("m", "mail", "ada", { state: "failed", error });
      },
      { state: "denied", approval: { state: "denied", reason: "TimeoutError: after 1 h" } },
    ],
    [
      "has an answer that is redacted",
      (record) => record.approval("m", "mail", "ada", { output: "[redacted]" }),
      { state: "open", approval: { state: "ended" } },
    ],
  ])("one that needs approval %s", (_, play, expected) => {
    const record = asking(toolCall("m", "mail", "ada"));
    play(record);
    expect(toolOf(record)).toMatchObject({
      name: "mail",
      input: { text: "ada" },
      approval: { signal: "approval:m" },
      ...expected,
    });
    expect(conversationsOf(record.steps).otherTools).toEqual([]);
  });

  test("one that needs approval is there although the answer that asks for it is redacted", () => {
    const record = new Recorder();
    record.generate([user("Go")], "[redacted]");
    record.approval("m", "mail", "ada", { state: "open" });
    record.step("{n}/", "mail.approval", {
      output: { ai: "approval", toolName: "mail", toolCallId: "n", input: "bob", isNeeded: false },
    });
    const { conversations, otherTools } = conversationsOf(record.steps);
    expect(conversations.map(linesOf)).toEqual([["user: Go", "weatherman.generate[0]: [redacted]"]]);
    expect(otherTools).toMatchObject([
      { id: "m", name: "mail", state: "waiting", input: { text: "ada" }, approval: { signal: "approval:m" } },
    ]);
  });

  test("of two calls with one id, the one that waits for its approval has it", () => {
    const record = asking(toolCall("m", "mail", "ada"), toolCall("m", "mail", "bob"));
    record.step("{m}/", "mail.approval", {
      output: { ai: "approval", toolName: "mail", toolCallId: "m", approvalId: "m", input: "ada", isNeeded: false },
    });
    record.approval("m", "mail", "bob", { state: "open" }, "m#2");
    const [first, second] = toolsIn(only(record.steps));
    expect(first?.approval).toBeUndefined();
    expect(second).toMatchObject({ input: { text: "bob" }, approval: { signal: "approval:m#2" } });
  });

  test("a failure has its error and its attempts, and what the model was told", () => {
    const record = asking(toolCall("m", "mail", "ada"));
    record.tool("m", "mail", undefined, { state: "failed", error: new Error("no such user"), attempts: 2 });
    expect(toolOf(record)).toMatchObject({ state: "failed", step: { error: "Error: no such user", attempts: 2 } });
    const told = {
      type: "tool-result",
      toolCallId: "m",
      toolName: "mail",
      output: { type: "error-text", value: "no" },
    };
    const calls = [toolCall("m", "mail", "ada")];
    record.generate([user("Go"), repeated(calls), { role: "tool", content: [told] }], [text("Sorry")]);
    expect(toolOf(record)).toMatchObject({ state: "failed", step: { error: "Error: no such user" } });
    expect(toolOf(record)?.output).toBeUndefined();
  });

  test("each call of an unmarked name has its own step, in the order in which they were asked for", () => {
    const record = asking(toolCall("a", "convert", 1), toolCall("b", "convert", 2), toolCall("k", "convert", 3));
    record.tool("k", "convert", "three");
    record.step("", "convert", { output: "one" });
    record.step("", "convert", { output: "two" });
    record.step("convert[1]//", "convert", { output: "inner", outer: "convert[1]" });
    expect(toolsIn(only(record.steps)).map(toolLine)).toEqual([
      "convert(1) completed one",
      "convert(2) completed two",
      "convert(3) completed three",
    ]);
  });

  test("an id that is used again, or that has characters of step ids, leads to the right steps", () => {
    const record = asking(toolCall("a", "f", 1));
    record.tool("a", "f", "first");
    record.generate([user("Again")], [toolCall("a", "f", 2), toolCall("x/{y}", "f", 3)]);
    record.tool("a", "f", "second");
    record.tool("x%2F%7By%7D", "f", "third");
    const { conversations } = conversationsOf(record.steps);
    expect(conversations.flatMap(toolsIn).map(toolLine)).toEqual([
      "f(1) completed first",
      "f(2) completed second",
      "f(3) completed third",
    ]);
  });

  test("the runs that a tool has started are named", () => {
    const record = asking(toolCall("a", "research", "x"), toolCall("b", "delegate", "y"));
    record.tool("a", "research", "done");
    record.step("{a}/research[0]//", "report", { kind: "child", target: "report-1", outer: "{a}/research[0]" });
    record.step("{b}/", "delegate", { kind: "child", target: "delegate-1", output: "done too" });
    expect(toolsIn(only(record.steps)).map(({ children, state }) => [state, children])).toEqual([
      ["completed", ["report-1"]],
      ["completed", ["delegate-1"]],
    ]);
  });

  test("a tool that the provider executes has the result of the answer", () => {
    const record = new Recorder();
    const result = { type: "tool-result", toolCallId: "w", toolName: "web", result: { hits: 3 } };
    record.generate([user("Go")], [{ ...toolCall("w", "web", "x"), providerExecuted: true }, result, text("Found")]);
    expect(linesOf(only(record.steps)).at(-1)).toBe("weatherman.generate[0]: web(x) completed { hits: 3 } | Found");
  });
});

test("tasks of the program that are called alike are not calls of models", () => {
  const record = new Recorder();
  record.step("", "report.generate", { output: "a report", location: "src/report.ts:3:5" });
  record.step("", "report.generate", { output: { pages: 3 } });
  record.step("", "generate", { output: { ai: "generate" } });
  expect(conversationsOf(record.steps)).toMatchObject({ conversations: [], otherCalls: [], otherTools: [] });
});

test("long texts are cut, and of very many the latest are shown best", () => {
  const record = new Recorder();
  const long = "x".repeat(20_000);
  for (let call = 0; call < 300; call++) record.generate([user(`${call}`)], [text(long)]);
  const { conversations } = conversationsOf(record.steps);
  const lengths = conversations.flatMap(({ items }) =>
    items.flatMap(partsOf).flatMap((part) => (part.type === "text" && part.text.isCut ? [part.text.text.length] : [])),
  );
  expect([lengths.at(-1), lengths[0]]).toEqual([10_000, 200]);
  expect(JSON.stringify(conversations).length).toBeLessThan(3_000_000);
});

const value = fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.date(), fc.bigInt(), fc.uint8Array());
const oddPart = fc.oneof(
  value,
  fc.record(
    {
      type: fc.constantFrom("text", "reasoning", "tool-call", "tool-result", "file", "source", "text-delta", "finish"),
      text: value,
      toolCallId: value,
      toolName: value,
      input: value,
      output: value,
      id: value,
      delta: value,
    },
    { requiredKeys: ["type"] },
  ),
);
const oddMessage = fc.oneof(
  value,
  fc.record({ role: fc.constantFrom("system", "user", "tool", "x"), content: fc.oneof(value, fc.array(oddPart)) }),
);

test("nothing that may be recorded, or that is redacted in part, makes it fail", () => {
  const odd = fc.record({
    name: fc.constantFrom("m.generate", "m.stream", "m.embed", "approval:a", "f"),
    state: fc.constantFrom("open", "completed", "failed"),
    kind: fc.constantFrom("task", "signal", "child"),
    path: fc.constantFrom(["f[0]"], ["{a}", "f[0]"], ["{%2F}", "f[0]"]),
    input: fc.oneof(value, fc.tuple(fc.record({ prompt: fc.oneof(value, fc.array(oddMessage)) }))),
    output: fc.oneof(
      value,
      fc.record({
        ai: fc.constantFrom("generate", "stream", "approval"),
        usage: value,
        toolCallId: value,
        isNeeded: fc.boolean(),
        result: fc.oneof(value, fc.record({ content: fc.array(oddPart), parts: fc.array(oddPart) })),
      }),
    ),
  });
  fc.assert(
    fc.property(fc.array(odd, { maxLength: 8 }), (given) => {
      const record = new Recorder();
      for (const { name, ...rest } of given) record.step("", name, rest as Partial<StepInfo>);
      expect(() => JSON.stringify(conversationsOf(record.steps))).not.toThrow();
    }),
  );
});

/** A conversation of its own for each agent; the calls of all agents are made in any order. */
test("however the calls of agents interleave, each agent's conversation has its messages once and in order", () => {
  const turns = fc.array(fc.tuple(fc.string(), fc.nat(3)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(turns, { minLength: 1, maxLength: 4 }), fc.array(fc.nat()), (agents, order) => {
      const record = new Recorder();
      const states = agents.map((left, agent) => ({
        agent,
        left: [...left],
        prompt: [system("All have the same.")] as object[],
        expected: ["system: All have the same."],
      }));
      for (let at = 0; states.some(({ left }) => left.length > 0); at++) {
        const open = states.filter(({ left }) => left.length > 0);
        const state = open[(order[at] ?? 0) % open.length];
        const [said = "", tools = 0] = state?.left.shift() ?? [];
        if (!state) break;
        const message = state.prompt.length === 1 ? `I am ${state.agent}` : said;
        state.prompt.push(user(message));
        const calls = Array.from({ length: tools }, (_, nth) => toolCall(`${at}-${nth}`, "tool", nth));
        const answer = [text(`answer ${at}`), ...calls];
        const step = record.generate([...state.prompt], answer);
        for (const [nth] of calls.entries()) record.tool(`${at}-${nth}`, "tool", nth * 2);
        const told = calls.map(({ toolCallId }, nth) => [toolCallId, "tool", nth * 2] as const);
        state.prompt.push(repeated(answer), ...(told.length > 0 ? [results(...told)] : []));
        const lines = calls.map((_, nth) => ` | tool(${nth}) completed ${nth * 2}`);
        state.expected.push(`user: ${message}`, `${step.id}: answer ${at}${lines.join("")}`);
      }
      const { conversations, usage: all } = conversationsOf(record.steps);
      const found = conversations.map(linesOf);
      expect(found.toSorted()).toEqual(states.map(({ expected }) => expected).toSorted());
      expect(all.inputTokens).toBe(conversations.reduce((sum, each) => sum + each.usage.inputTokens, 0));
    }),
  );
});
