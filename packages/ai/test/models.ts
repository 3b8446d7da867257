import { MockLanguageModelV4, simulateReadableStream } from "ai/test";

/** What a model is asked for and answers with, without its transport. */
export type Call = Parameters<MockLanguageModelV4["doGenerate"]>[0];
export type Content = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>["content"];

export const text = (value: string): Content => [{ type: "text", text: value }];

export const toolCall = (toolName: string, input: unknown, toolCallId = `call-${toolName}`): Content[number] => ({
  type: "tool-call",
  toolCallId,
  toolName,
  input: JSON.stringify(input),
});

const usage = (input: number, output: number) => ({
  inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: output, text: output, reasoning: undefined },
});

const reasonFor = (content: Content) =>
  content.some(({ type }) => type === "tool-call")
    ? ({ unified: "tool-calls", raw: "tool_use" } as const)
    : ({ unified: "stop", raw: "end" } as const);

/** How many messages of the assistant the prompt has: what a mock model decides by. */
export const turnOf = ({ prompt }: Pick<Call, "prompt">): number =>
  prompt.filter(({ role }) => role === "assistant").length;

type Parts = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"] extends ReadableStream<infer P> ? P : never;

function partsOf(content: Content): Parts[] {
  return content.flatMap((part, index): Parts[] => {
    if (part.type !== "text") return [part as Parts];
    const id = `text-${index}`;
    const deltas = part.text.split(/(?<= )/).map((delta) => ({ type: "text-delta" as const, id, delta }));
    return [{ type: "text-start", id }, ...deltas, { type: "text-end", id }];
  });
}

/** The text of the first message of the user. */
export function promptOf({ prompt }: Pick<Call, "prompt">): string {
  const content = prompt.find(({ role }) => role === "user")?.content ?? [];
  return [...content].flatMap((part) => (typeof part === "object" && part.type === "text" ? [part.text] : [])).join("");
}

interface MockOptions {
  readonly modelId?: string;
  /** Called before each answer: it may wait, or throw. */
  readonly before?: (call: Call) => Promise<void> | void;
}

/** A model that answers what `answer` returns, which is a pure function of the prompt. It says nothing of the id and the time of its responses. */
export function mockModel(
  answer: (call: Call) => Content,
  { before, ...options }: MockOptions = {},
): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    ...options,
    doGenerate: async (call) => {
      await before?.(call);
      const content = answer(call);
      return {
        content,
        finishReason: reasonFor(content),
        usage: usage(100, 10),
        warnings: [],
        request: { body: { secret: "the whole conversation" } },
        response: { headers: { "set-cookie": "secret" }, body: "secret" },
      };
    },
    doStream: async (call) => {
      await before?.(call);
      const content = answer(call);
      const chunks: Parts[] = [
        { type: "stream-start", warnings: [] },
        ...partsOf(content),
        { type: "finish", finishReason: reasonFor(content), usage: usage(100, 10) },
      ];
      return { stream: simulateReadableStream({ chunks }) };
    },
  });
}
