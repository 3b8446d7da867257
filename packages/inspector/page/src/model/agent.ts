import type { ConversationPage, ToolCallItem, UsageItem } from "../../../src/api-conversation.ts";
import type { StepItem, WaitItem } from "../../../src/api.ts";
import { countOf, formatCount } from "./format.ts";
import { fieldsOf } from "./schema-form.ts";

/** Whether the step looks like a call of a model that `perdure-ai` has made a step. What it has recorded tells for certain. */
export const isModelStep = ({ kind, name, location }: Pick<StepItem, "kind" | "name" | "location">): boolean =>
  kind === "task" &&
  location === undefined &&
  /.\.(?:generate|stream|embed|image|speech|transcribe|rerank)$/u.test(name);

/** Whether the signal is the decision about a call of a tool, as `perdure-ai` asks for it. */
export const isApproval = ({ kind, name = "", payloadSchema }: WaitItem): boolean =>
  kind === "signal" &&
  name.startsWith("approval:") &&
  (fieldsOf(payloadSchema) ?? []).some((field) => field.name === "approved" && field.kind === "boolean");

export const isEmpty = ({ conversations, otherCalls, otherTools, writing }: ConversationPage): boolean =>
  conversations.length + otherCalls.length + otherTools.length + writing.length === 0;

/** All calls of tools, in no particular order. */
export const toolCallsOf = ({ conversations, otherTools }: ConversationPage): ToolCallItem[] => [
  ...otherTools,
  ...conversations.flatMap(({ items }) =>
    items.flatMap((item) =>
      (item.type === "call" ? item.call.parts : item.parts).flatMap((part) =>
        part.type === "tool-call" ? [part.call] : [],
      ),
    ),
  ),
];

/** `1,234 tokens (1,200 in, 34 out)`. */
export function tokensText({ totalTokens, inputTokens, cachedInputTokens, outputTokens }: UsageItem): string {
  const cached = cachedInputTokens > 0 ? `, ${formatCount(cachedInputTokens)} of them cached` : "";
  return `${countOf(totalTokens, "token")} (${formatCount(inputTokens)} in${cached}, ${formatCount(outputTokens)} out)`;
}

const amount = new Intl.NumberFormat("en", {
  maximumFractionDigits: 2,
  maximumSignificantDigits: 2,
  roundingPriority: "morePrecision",
});

/** What calls have cost, in the currency of the price of the model. Undefined: there is no price. */
export const costText = ({ cost }: UsageItem): string | undefined => (cost > 0 ? amount.format(cost) : undefined);
