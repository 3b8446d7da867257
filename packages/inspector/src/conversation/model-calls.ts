import type { StepInfo } from "perdure";
import type { ModelCallKind, UsageItem } from "../api-conversation.ts";
import { fieldsOf, messagesOf, partsOf, partsOfStream, textOf, type Message, type Part } from "./messages.ts";

/** A step that is a call of a model. */
export interface ModelCall {
  readonly step: StepInfo;
  readonly kind: ModelCallKind;
  /** The name of the model's steps, without that of the method. */
  readonly name: string;
  readonly provider?: string;
  readonly model?: string;
  /** Where inputs are recorded. */
  readonly prompt?: readonly Message[];
  /** What the user and the system have said since the model spoke last. */
  readonly asked?: readonly Message[];
  readonly answer: readonly Part[];
  readonly usage?: UsageItem;
  readonly finishReason?: string;
}

const NAME = /^(.+)\.(generate|stream|embed|image|speech|transcribe|rerank)$/su;

/** The kinds whose prompts and answers are messages. */
export const isConversational = ({ kind }: Pick<ModelCall, "kind">): boolean =>
  kind === "generate" || kind === "stream";

/** What `perdure-ai` has recorded of a call of a model; undefined: the step is another one. */
export function modelCallOf(step: StepInfo): ModelCall | undefined {
  const [, name, kind] = NAME.exec(step.name) ?? [];
  // these steps are not called from compiled code, so they have no location
  if (step.kind !== "task" || name === undefined || step.location !== undefined) return undefined;
  const record = fieldsOf(step.output);
  if (step.state === "completed" && typeof step.output === "object" && textOf(record["ai"]) === undefined)
    return undefined;
  const [input] = Array.isArray(step.input) ? (step.input as unknown[]) : [];
  const prompt = messagesOf(fieldsOf(input)["prompt"]);
  const call = { step, kind: kind as ModelCallKind, name, ...(prompt && { prompt }) };
  if (record["ai"] === undefined) return { ...call, answer: partsOf(step.output) };
  const provider = textOf(record["provider"]);
  const model = textOf(record["modelId"]);
  const asked = messagesOf(record["asked"]);
  const finishReason = finishOf(record["result"]);
  return {
    ...call,
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(asked && { asked }),
    ...(finishReason !== undefined && { finishReason }),
    usage: usageOf(record["usage"]),
    answer: isConversational(call) ? answerOf(record["result"]) : [],
  };
}

/** A result that is not as expected, such as a redacted one, is shown as it is. */
function answerOf(result: unknown): Part[] {
  const { content, parts } = fieldsOf(result);
  if (parts !== undefined) return partsOfStream(parts);
  return partsOf(content ?? result);
}

/** The reason is an object in newer versions, and text in older ones. */
function finishOf(result: unknown): string | undefined {
  const { finishReason, parts } = fieldsOf(result);
  const end = Array.isArray(parts) ? (parts as unknown[]).findLast((part) => fieldsOf(part)["type"] === "finish") : {};
  const reason = finishReason ?? fieldsOf(end)["finishReason"];
  return textOf(reason) ?? textOf(fieldsOf(reason)["unified"]);
}

function usageOf(usage: unknown): UsageItem {
  const fields = fieldsOf(usage);
  const number = (name: keyof UsageItem): number => {
    const value = fields[name];
    return typeof value === "number" && Number.isFinite(value) ? value : 0;
  };
  return {
    inputTokens: number("inputTokens"),
    cachedInputTokens: number("cachedInputTokens"),
    outputTokens: number("outputTokens"),
    totalTokens: number("totalTokens"),
    cost: number("cost"),
  };
}

const NO_USAGE: UsageItem = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  cost: 0,
};

/** The sum of what the calls have used. */
export const usageSum = (calls: readonly ModelCall[]): UsageItem =>
  calls.reduce<UsageItem>(
    (sum, { usage = NO_USAGE }) => ({
      inputTokens: sum.inputTokens + usage.inputTokens,
      cachedInputTokens: sum.cachedInputTokens + usage.cachedInputTokens,
      outputTokens: sum.outputTokens + usage.outputTokens,
      totalTokens: sum.totalTokens + usage.totalTokens,
      cost: sum.cost + usage.cost,
    }),
    NO_USAGE,
  );
