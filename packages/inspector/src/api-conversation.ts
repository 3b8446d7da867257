import type { StepItem, ValueText } from "./api.ts";

/** Tokens, and what they cost in the currency of the model's price; 0: there is no price. */
export interface UsageItem {
  readonly inputTokens: number;
  /** Those of the input that the provider had in its cache. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly cost: number;
}

export type ModelCallKind = "generate" | "stream" | "embed" | "image" | "speech" | "transcribe" | "rerank";

export interface ModelCallItem {
  readonly step: StepItem;
  readonly kind: ModelCallKind;
  readonly provider?: string;
  readonly model?: string;
  readonly usage?: UsageItem;
  /** Why the model stopped, such as `stop`, `tool-calls`, `length`. */
  readonly finishReason?: string;
  /** What it answered. */
  readonly parts: readonly ContentItem[];
}

/** What a person has decided about a call of a tool, or has to. */
export interface ApprovalItem {
  /** Name of the signal. */
  readonly signal: string;
  /** `ended`: the wait is over, and the decision is not known. */
  readonly state: "waiting" | "approved" | "denied" | "ended";
  readonly reason?: string;
  readonly since: number;
  /** When it is denied without an answer. */
  readonly until?: number;
  readonly decidedAt?: number;
}

export interface ToolCallItem {
  readonly id: string;
  readonly name: string;
  /** `waiting`: for approval. `open`: it has not ended, or its end is not recorded. */
  readonly state: "open" | "waiting" | "completed" | "failed" | "denied";
  readonly input?: ValueText;
  /** The output, or what the model was told. */
  readonly output?: ValueText;
  readonly step?: StepItem;
  readonly approval?: ApprovalItem;
  /** Ids of the runs that it has started. */
  readonly children: readonly string[];
}

export type ContentItem =
  | { readonly type: "text" | "reasoning"; readonly text: ValueText }
  | { readonly type: "tool-call"; readonly call: ToolCallItem }
  | { readonly type: "file"; readonly mediaType: string; readonly name?: string }
  | { readonly type: "source"; readonly title: string; readonly url?: string }
  /** Anything else, such as what a redacted value is replaced with. */
  | { readonly type: "value"; readonly value: ValueText };

export type ConversationItem =
  | {
      readonly type: "message";
      readonly role: "system" | "user" | "assistant" | "tool" | "other";
      readonly parts: readonly ContentItem[];
    }
  | { readonly type: "call"; readonly call: ModelCallItem };

/** Calls of a model whose prompts continue each other, with each message once. */
export interface Conversation {
  /** Name of the model's steps. */
  readonly name: string;
  readonly usage: UsageItem;
  readonly items: readonly ConversationItem[];
}

/** What a call of a model that has not ended has brought so far, where it writes to a stream of the run. */
export interface WritingItem {
  /** Id of its step, which is not recorded yet. */
  readonly step: string;
  readonly parts: readonly ContentItem[];
}

/** The calls of models and tools that `perdure-ai` has made steps of. */
export interface ConversationPage {
  readonly conversations: readonly Conversation[];
  /** Calls of models that do not converse, such as those that make embeddings. */
  readonly otherCalls: readonly ModelCallItem[];
  /** Calls of tools that need approval, and that no recorded answer of a model has asked for. */
  readonly otherTools: readonly ToolCallItem[];
  readonly writing: readonly WritingItem[];
  /** Of all calls. */
  readonly usage: UsageItem;
  /** Inputs are not recorded, so it is not certain which calls belong together. */
  readonly isGuess: boolean;
  /** Earlier steps of a long run are left out. */
  readonly isCut: boolean;
}
