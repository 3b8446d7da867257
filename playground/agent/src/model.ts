import { appendFileSync } from "node:fs";
import { env } from "node:process";
import { setTimeout } from "node:timers/promises";
import type { LanguageModel } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { files } from "./settings.ts";

/** Milliseconds from one word to the next. */
const PACE = Number(env["AGENT_PACE"] ?? 40);

type Call = Parameters<MockLanguageModelV4["doStream"]>[0];
type Part = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"] extends ReadableStream<infer P> ? P : never;

/** What the model says in one turn, and which tools it asks for. */
interface Turn {
  readonly text: string;
  readonly calls?: readonly { readonly tool: string; readonly input: object }[];
}

/** A model of OpenAI if there is a key for one, else a mock that needs no network. */
export async function model(): Promise<LanguageModel> {
  if (env["OPENAI_API_KEY"] === undefined) return mock;
  const name = "@ai-sdk/openai"; // whoever has no key needs no such package
  const { openai } = (await import(/* @vite-ignore */ name)) as { openai: (id: string) => LanguageModel };
  return openai(env["OPENAI_MODEL"] ?? "gpt-5-mini");
}

/** What it says depends on the prompt alone, as if it were a model without any chance. */
const mock = new MockLanguageModelV4({
  provider: "mock",
  modelId: "mock",
  doStream: async (call) => {
    const { prompt } = call;
    const turn = prompt.filter(({ role }) => role === "assistant").length;
    appendFileSync(files.calls, `${JSON.stringify({ turn, pid: process.pid })}\n`);
    return { stream: streamed(turn, answerTo(turn, prompt)) };
  },
});

function answerTo(turn: number, prompt: Call["prompt"]): Turn {
  if (turn === 0) {
    const question = textOf(prompt.find(({ role }) => role === "user"));
    const calls = [question, "heart of a whale"].map((query) => ({ tool: "search", input: { query } }));
    return { text: "I look that up in the library, and what it has about hearts as well.", calls };
  }
  if (turn === 1) {
    return {
      text: "Now I compare the hearts.",
      calls: [{ tool: "calculate", input: { a: 180, operation: "divide", b: 11 } }],
    };
  }
  if (turn === 2) {
    const body = REPORT.join(" ");
    return {
      text: `${body} I send you that by e-mail.`,
      calls: [{ tool: "sendEmail", input: { to: "ada@example.com", subject: "Hearts of large animals", body } }],
    };
  }
  const isDenied = JSON.stringify(prompt.at(-1)).includes("denied");
  return { text: isDenied ? "I have not sent the e-mail, as you wish." : "The e-mail is sent." };
}

/** The last turn streams for a few seconds. */
const REPORT = [
  "The heart of a blue whale weighs 180 kg and beats eight times a minute.",
  "That of a giraffe weighs 11 kg and beats 150 times a minute, since it has to bring the blood up a neck of two metres.",
  "So the heart of the whale is about sixteen times as heavy as that of the giraffe, and in the time in which it beats once, that of the giraffe has beaten nineteen times.",
  "Both animals live for several decades, in which each of the two hearts beats without a pause.",
];

function streamed(turn: number, { text, calls = [] }: Turn): ReadableStream<Part> {
  const id = `text-${turn}`;
  const words = text.split(/(?<= )/u);
  const finishReason =
    calls.length > 0
      ? ({ unified: "tool-calls", raw: "tool_use" } as const)
      : ({ unified: "stop", raw: "end" } as const);
  const usage = {
    inputTokens: { total: 200 + 100 * turn, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: words.length, text: words.length, reasoning: undefined },
  };
  const parts: Part[] = [
    { type: "stream-start", warnings: [] },
    { type: "text-start", id },
    ...words.map((delta) => ({ type: "text-delta" as const, id, delta })),
    { type: "text-end", id },
    ...calls.map(({ tool, input }, place) => ({
      type: "tool-call" as const,
      toolCallId: `call-${turn}-${place}`,
      toolName: tool,
      input: JSON.stringify(input),
    })),
    { type: "finish", finishReason, usage },
  ];
  return ReadableStream.from(slowly(parts));
}

async function* slowly(parts: readonly Part[]): AsyncGenerator<Part> {
  for (const part of parts) {
    if (part.type === "text-delta") await setTimeout(PACE);
    yield part;
  }
}

function textOf(message: Call["prompt"][number] | undefined): string {
  const { content = [] } = message ?? {};
  if (typeof content === "string") return content;
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}
