import { generateText, isStepCount, streamText, tool, type ToolSet } from "ai";
import { close, complete, start } from "perdure";
import { approve, deny, durableModel, durableTools, pendingApprovals, recordedIds } from "perdure-ai";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { mockModel, promptOf, text, toolCall, turnOf, type Call } from "./models.ts";

beforeEach(() => void setup());
afterEach(() => close());

/** Repeats to the user what the tools have said. */
const resultsIn = ({ prompt }: Call): string =>
  prompt
    .flatMap((message) => (message.role === "tool" ? message.content : []))
    .flatMap((part) => (part.type === "tool-result" ? [JSON.stringify(part.output)] : []))
    .join(" ");

const base = mockModel((call) =>
  turnOf(call) === 0
    ? [
        toolCall("sendEmail", { to: "ada@example.com" }, "mail-1"),
        toolCall("sendEmail", { to: "bob@example.com" }, "mail-2"),
        toolCall("search", { query: "weather" }, "search-1"),
      ]
    : text(resultsIn(call)),
);
const model = durableModel(base, { name: "secretary" });

const sent: string[] = [];
const asked: string[] = [];
beforeEach(() => {
  sent.length = 0;
  asked.length = 0;
});

const sendEmail = tool({
  inputSchema: z.object({ to: z.string() }),
  needsApproval: ({ to }) => {
    asked.push(to);
    return to !== "bob@example.com";
  },
  execute: async ({ to }) => {
    sent.push(to);
    return `sent to ${to}`;
  },
});
const search = tool({ inputSchema: z.object({ query: z.string() }), execute: async () => ({ found: 1 }) });
const tools = durableTools({ sendEmail, search });

async function write() {
  "use workflow";
  return (await generateText({ model, tools, prompt: "Write to both.", stopWhen: isStepCount(3) })).text;
}

async function writeStreaming() {
  "use workflow";
  return streamText({ model, tools, prompt: "Write to both.", stopWhen: isStepCount(3) }).text;
}

test.each([write, writeStreaming])(
  "a call waits for its approval while the other ones are executed",
  async (workflow) => {
    const run = await start(workflow, []);
    await settled();
    expect(sent).toEqual(["bob@example.com"]);
    expect(await pendingApprovals(run)).toEqual([
      { toolName: "sendEmail", toolCallId: "mail-1", input: { to: "ada@example.com" }, since: expect.any(Date) },
    ]);
    await advance("2m");
    expect(await run.status()).toBe("waiting"); // it has left memory
    expect(await approve(run.id, "mail-1")).toBe(true);
    expect(await run.result()).toMatch("sent to ada@example.com");
    expect(sent).toEqual(["bob@example.com", "ada@example.com"]);
    expect(asked).toEqual(["ada@example.com", "bob@example.com"]);
    expect(await pendingApprovals(run)).toEqual([]);
  },
);

test("a denied call is not executed, and the model gets the reason", async () => {
  const run = await start(write, []);
  await deny(run.id, "mail-1", "not on Sundays");
  expect(await run.result()).toMatch('{"type":"execution-denied","reason":"not on Sundays"}');
  expect(sent).toEqual(["bob@example.com"]);
});

test("a signal that is no decision is refused, and the call waits on", async () => {
  setup({ logger: { warn() {}, error() {}, info() {}, debug() {} } });
  const run = await start(write, []);
  await settled();
  expect(await complete(run.id, "approval:mail-1", { approved: "yes" })).toBe(false);
  await approve(run.id, "mail-1");
  await run.result();
  expect(sent).toHaveLength(2);
});

test.each([write, writeStreaming])(
  "with an approval, a crash at any durable write sends no e-mail twice",
  async (workflow) => {
    const report = await crashEverywhere(workflow, [], {
      signals: { "approval:mail-1": { approved: true } },
      options: { logLevel: "silent" },
    });
    expect(report.steps.map((id) => id.replace(/^\S+ /, "")).sort()).toEqual(
      [
        `secretary.${workflow === write ? "generate" : "stream"}[0]`,
        `secretary.${workflow === write ? "generate" : "stream"}[1]`,
        "{mail-1}/sendEmail.approval[0]",
        "{mail-1}/sendEmail[0]",
        "{mail-1}/signal:approval:mail-1[0]",
        "{mail-2}/sendEmail.approval[0]",
        "{mail-2}/sendEmail[0]",
        "{search-1}/search[0]",
      ].sort(),
    );
  },
);

/** Gives its calls the same id in each turn, as some models do. */
const forgetful = durableModel(
  mockModel((call) =>
    turnOf(call) < 2 ? [toolCall("sendEmail", { to: `${promptOf(call)}${turnOf(call)}` }, "call_0")] : text("Done."),
  ),
  { name: "forgetful" },
);

async function writeTwice() {
  "use workflow";
  return (await generateText({ model: forgetful, tools, prompt: "ada", stopWhen: isStepCount(5) })).text;
}

test("an approval that is given twice approves nothing else, even under the same id", async () => {
  const run = await start(writeTwice, []);
  await settled();
  await approve(run.id, "call_0");
  await approve(run.id, "call_0");
  await settled();
  expect(sent).toEqual(["ada0"]);
  expect(await pendingApprovals(run)).toMatchObject([{ toolCallId: "call_0#2", input: { to: "ada1" } }]);
  await deny(run.id, "call_0#2");
  expect(await run.result()).toBe("Done.");
  expect(sent).toEqual(["ada0"]);
});

async function writeTogether() {
  "use workflow";
  const ask = (prompt: string) => generateText({ model: forgetful, tools, prompt, stopWhen: isStepCount(1) });
  await Promise.all(["ada", "bob"].map(ask));
}

test("calls of two agents with one id are approved each for itself", async () => {
  const run = await start(writeTogether, []);
  await settled();
  const pending = await pendingApprovals(run);
  expect(pending.map(({ toolCallId, input }) => [toolCallId, input])).toEqual([
    ["call_0", { to: "ada0" }],
    ["call_0#2", { to: "bob0" }],
  ]);
  await deny(run.id, "call_0");
  await approve(run.id, "call_0#2");
  await run.result();
  expect(sent).toEqual(["bob0"]);
  expect(await approve(run.id, "call_0")).toBe(false); // the run has ended
});

test.each(["sendMail", "ask"])("an approval of %s, which no call waits for, is refused", (name) => {
  const all: ToolSet = { sendEmail, ask: tool({ inputSchema: z.object({}) }) as never };
  expect(() => durableTools(all, { approval: { [name]: true } })).toThrowError(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining("sendEmail") }),
  );
});

const impatient = durableTools(
  { search, sendEmail },
  { approval: { search: true, sendEmail: false }, approvalTimeout: "1d" },
);

async function askForAll() {
  "use workflow";
  return (await generateText({ model, tools: impatient, prompt: "Write.", stopWhen: isStepCount(3) })).text;
}

test("the option says which tools need approval, and for how long a call waits", async () => {
  const run = await start(askForAll, []);
  await settled();
  expect(sent).toHaveLength(2);
  expect(await pendingApprovals(run)).toMatchObject([{ toolName: "search", until: expect.any(Date) }]);
  await advance("1d");
  expect(await run.result()).toMatch("nobody has answered in time");
});

test("outside of a run the SDK asks for the approval", async () => {
  const result = await generateText({ model: base, tools, prompt: "Write to both." });
  expect(result.content.filter(({ type }) => type === "tool-approval-request")).toHaveLength(1);
  expect(sent).toEqual(["bob@example.com"]);
});

async function askLikeTheSdk() {
  "use workflow";
  const toolApproval = { sendEmail: "user-approval", search: "approved" } as const;
  const result = await generateText({
    model,
    tools: { sendEmail, search: tools.search },
    toolApproval,
    prompt: "Write.",
    _internal: recordedIds,
  });
  return result.content.flatMap((part) => (part.type === "tool-approval-request" ? [part.approvalId] : []));
}

test("an approval of the SDK itself has the same ids after a crash at any durable write", async () => {
  const run = await start(askLikeTheSdk, []);
  expect(new Set(await run.result()).size).toBe(3);
  await crashEverywhere(askLikeTheSdk, []);
});
