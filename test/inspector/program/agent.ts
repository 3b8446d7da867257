/** A program with an agent, for the tests of the inspector: models that answer by a script, and tools of which one needs approval. */
import { embed, generateText, isStepCount, streamText, tool } from "ai";
import { MockEmbeddingModelV4, MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { close, configure, constant, start, taskContext, worker } from "perdure";
import { durableEmbeddingModel, durableModel, durableTools } from "perdure-ai";
import { inspectorHandler } from "perdure/inspector";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

configure({
  pollInterval: "20ms",
  stallTimeout: "100ms",
  recordInputs: process.env["WITHOUT_INPUTS"] === undefined,
  ...(process.argv[2] === "readers" && {
    redact: (value, { step }) => (step === "{call-1}/search[0]" ? "[the invoices are hidden]" : value),
  }),
  logLevel: "error",
});

type Call = Parameters<MockLanguageModelV4["doGenerate"]>[0];
type Content = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>["content"];

const ask = (toolName: string, toolCallId: string, input: unknown): Content[number] => ({
  type: "tool-call",
  toolCallId,
  toolName,
  input: JSON.stringify(input),
});

const usage = (input: number, output: number) => ({
  inputTokens: { total: input, noCache: input / 2, cacheRead: input / 2, cacheWrite: undefined },
  outputTokens: { total: output, text: output, reasoning: undefined },
});

/** How many messages of the assistant the prompt has. */
const turnOf = ({ prompt }: Call): number => prompt.filter(({ role }) => role === "assistant").length;

const script = `<script>window.executed = true</script><img src="x" onerror="window.executed = true">`;

const answers: readonly Content[] = [
  [
    { type: "reasoning", text: "The user wants the total of the open invoices.\nI look them up first." },
    { type: "text", text: "I will look up the open invoices of Acme." },
    ask("search", "call-1", { customer: "Acme", state: "open" }),
    ask("rates", "call-2", { currency: "EUR" }),
  ],
  [ask("report", "call-3", "Acme")],
  [
    { type: "text", text: `Three invoices are open, 1,230 EUR in total. I write to them. ${script}` },
    ask("sendEmail", "call-4", { to: "billing@acme.example", subject: "Open invoices", text: "Please pay 1,230 EUR." }),
  ],
  [{ type: "text", text: "Done: Acme was reminded of 1,230 EUR.\n\nShall I set a reminder for next week?" }],
];

const bookkeeper = durableModel(
  new MockLanguageModelV4({
    provider: "mock",
    modelId: "mock-large",
    async doGenerate(call) {
      await pause(40);
      if (turnOf(call) === 1 && taskContext().attempt === 1) throw new Error("529 overloaded");
      const content = answers[turnOf(call)] ?? [];
      const unified = content.some(({ type }) => type === "tool-call") ? "tool-calls" : "stop";
      return { content, finishReason: { unified, raw: unified }, usage: usage(1_200, 40), warnings: [] };
    },
  }),
  { name: "bookkeeper", price: { input: 3, output: 15 }, backoff: constant("20ms") },
);

const critic = durableModel(
  new MockLanguageModelV4({
    provider: "mock",
    modelId: "mock-small",
    async doStream() {
      const deltas = "The tone is friendly, and the amount is right.".split(/(?<= )/u);
      const chunks = [
        { type: "stream-start" as const, warnings: [] },
        { type: "text-start" as const, id: "0" },
        ...deltas.map((delta) => ({ type: "text-delta" as const, id: "0", delta })),
        { type: "text-end" as const, id: "0" },
        { type: "finish" as const, finishReason: { unified: "stop" as const, raw: "end" }, usage: usage(80, 12) },
      ];
      return { stream: simulateReadableStream({ chunks }) };
    },
  }),
  { name: "critic" },
);

const has = (file: string): boolean => existsSync(join(process.env["DIRECTORY"] ?? ".", file));

const narrator = durableModel(
  new MockLanguageModelV4({
    async doStream() {
      const stream = new ReadableStream({
        async start(controller) {
          controller.enqueue({ type: "stream-start", warnings: [] });
          controller.enqueue({ type: "text-start", id: "0" });
          controller.enqueue({ type: "text-delta", id: "0", delta: "Once upon " });
          while (!has("go-on")) await pause(10);
          controller.enqueue({ type: "text-delta", id: "0", delta: "a time." });
          controller.enqueue({ type: "text-end", id: "0" });
          controller.enqueue({ type: "finish", finishReason: { unified: "stop", raw: "end" }, usage: usage(20, 4) });
          controller.close();
        },
      });
      return { stream };
    },
  }),
  { name: "narrator", stream: true },
);

/** A call of a model that ends when the tests want it. */
export async function tale(_id: string): Promise<string> {
  "use workflow: id=tale-{_id}";
  return streamText({ model: narrator, prompt: "Tell me a tale." }).text;
}

const embedder = durableEmbeddingModel(
  new MockEmbeddingModelV4({
    provider: "mock",
    modelId: "mock-embed",
    doEmbed: async () => ({ embeddings: [[0.5, 0.25]], usage: { tokens: 6 }, warnings: [] }),
  }),
);

/** What a tool starts as a run of its own. */
export async function report(customer: string): Promise<string> {
  "use workflow: id=report-{customer}";
  await pages(customer);
  return `three pages on ${customer}`;
}

export async function pages(_customer: string): Promise<number> {
  "use task";
  return 3;
}

const customer = z.object({ customer: z.string(), state: z.string() });
const mail = z.object({ to: z.string(), subject: z.string(), text: z.string() });

const tools = {
  ...durableTools(
    {
      search: tool({
        inputSchema: customer,
        execute: async () => [
          { invoice: "A-17", amount: 400, due: "2026-03-01" },
          { invoice: "A-18", amount: 330, due: "2026-03-14" },
          { invoice: "A-21", amount: 500, due: "2026-04-02" },
        ],
      }),
      rates: tool({
        inputSchema: z.object({ currency: z.string() }),
        execute: async (): Promise<number> => {
          throw new Error("the service for exchange rates is closed");
        },
      }),
      sendEmail: tool({ inputSchema: mail, needsApproval: true, execute: async ({ to }) => `sent to ${to}` }),
    },
    { retries: 0 },
  ),
  report: tool({ inputSchema: z.string(), execute: (name) => report(name) }),
};

export async function remind(_id: string): Promise<string> {
  "use workflow: id=remind-{_id}";
  await embed({ model: embedder, value: "open invoices" });
  const { text } = await generateText({
    model: bookkeeper,
    tools,
    instructions: "You keep the books of a small company. Be brief. Ask before you write to anybody.",
    prompt: "What does Acme owe us? Remind them if it is more than 1,000 EUR.",
    stopWhen: isStepCount(6),
  });
  const review = streamText({ model: critic, prompt: `Criticize: ${text}` });
  return review.text;
}

const hold = async (): Promise<void> => {
  await new Promise((resolve) => process.once("SIGTERM", resolve));
};

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  /** Two runs that wait for approval. */
  async agents() {
    const runs = [await start(remind, ["1"]), await start(remind, ["2"])];
    for (const run of runs) while ((await run.info()).waitingFor[0]?.kind !== "signal") await pause(10);
  },
  async tale() {
    const run = await start(tale, ["1"]);
    console.log("started");
    await run.result();
  },
  /** For people who may only read. */
  async readers() {
    const server = createServer(inspectorHandler({ authorize: (_, access) => access === "read", base: "" }));
    server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    await hold();
  },
  async worker() {
    worker();
    console.log("started");
    await hold();
  },
};

await scenes[process.argv[2] ?? "agents"]?.();
await close();
