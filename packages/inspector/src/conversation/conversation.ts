import type { StepInfo, Wait } from "perdure";
import type {
  ContentItem,
  Conversation,
  ConversationItem,
  ConversationPage,
  ModelCallItem,
  ToolCallItem,
} from "../api-conversation.ts";
import { stepItem } from "../read/items.ts";
import type { Message, Part, ToolCallPart, ToolResult } from "./messages.ts";
import { isConversational, modelCallOf, usageSum, type ModelCall } from "./model-calls.ts";
import { Texts } from "./texts.ts";
import { threadsOf, type Thread, type ThreadItem } from "./threads.ts";
import { ToolStepFinder, type ToolSteps } from "./tool-steps.ts";

/**
 * The calls of models and tools among the steps of a run, as conversations.
 * @param steps - with their values
 * @param waits - of the run
 */
export function conversationsOf(
  steps: readonly StepInfo[],
  waits: readonly Wait[] = [],
): Omit<ConversationPage, "isCut" | "writing"> {
  const calls: ModelCall[] = [];
  const others: StepInfo[] = [];
  for (const step of steps.toSorted(byBegin)) {
    const call = modelCallOf(step);
    if (call) calls.push(call);
    else others.push(step);
  }
  const threads = threadsOf(calls.filter(isConversational));
  const writer = new Writer(calls, others, waits);
  // where there are too many texts, the latest are shown in full
  const conversations = inReverse(threads, (thread) => writer.conversation(thread));
  return {
    conversations,
    otherCalls: calls.filter((call) => !isConversational(call)).map((call) => writer.call(call, new Map())),
    otherTools: writer.otherTools,
    usage: usageSum(calls),
    isGuess: threads.length > 1 && threads.some(({ last }) => last.prompt === undefined),
  };
}

const byBegin = (one: StepInfo, other: StepInfo): number =>
  one.startedAt.getTime() - other.startedAt.getTime() || (one.seq ?? Infinity) - (other.seq ?? Infinity) || 0;

const inReverse = <T, R>(items: readonly T[], write: (item: T) => R): R[] =>
  items
    .toReversed()
    .map((item) => write(item))
    .toReversed();

const toolCallsIn = (parts: readonly Part[]): ToolCallPart[] =>
  parts.flatMap((part) => (part.type === "tool-call" ? [part] : []));

/** Tool results by the id of the call, in order: a model may give one id to several calls. */
type Told = Map<string, ToolResult[]>;

class Writer {
  readonly otherTools: readonly ToolCallItem[];
  private readonly texts = new Texts();
  private readonly steps = new Map<ToolCallPart, ToolSteps>();
  private readonly waits: readonly Wait[];

  constructor(calls: readonly ModelCall[], others: readonly StepInfo[], waits: readonly Wait[]) {
    this.waits = waits;
    const asked = calls.flatMap(({ step, answer }) => toolCallsIn(answer).map((part) => ({ part, step })));
    const finder = new ToolStepFinder(others, new Set(asked.map(({ part }) => part.id)));
    for (const { part, step } of asked) this.steps.set(part, finder.find(part, step.startedAt));
    this.otherTools = finder
      .requests()
      .map((request) => this.tool({ type: "tool-call", ...request }, finder.find(request, new Date(0)), undefined));
  }

  conversation({ items, told }: Thread): Conversation {
    const calls = items.flatMap((item) => (item.type === "call" ? [item.call] : []));
    const results = resultsIn(items, told);
    return {
      name: calls[0]?.name ?? "",
      usage: usageSum(calls),
      items: inReverse(items, (item) => this.item(item, results)),
    };
  }

  call({ step, kind, provider, model, usage, finishReason, answer }: ModelCall, results: Results): ModelCallItem {
    return {
      step: stepItem(step, this.waits),
      kind,
      ...(provider !== undefined && { provider }),
      ...(model !== undefined && { model }),
      ...(usage && { usage }),
      ...(finishReason !== undefined && { finishReason }),
      parts: this.parts(answer, results),
    };
  }

  private item(item: ThreadItem, results: Results): ConversationItem {
    if (item.type === "call") return { type: "call", call: this.call(item.call, results) };
    const { role, parts } = item.message;
    return { type: "message", role, parts: this.parts(parts, results) };
  }

  private parts(parts: readonly Part[], results: Results): ContentItem[] {
    return inReverse(parts, (part) => this.part(part, results)).flat();
  }

  private part(part: Part, results: Results): ContentItem[] {
    switch (part.type) {
      case "text":
      case "reasoning":
        return [{ type: part.type, text: this.texts.of(part.text) }];
      case "tool-call":
        return [{ type: "tool-call", call: this.tool(part, this.steps.get(part), results.get(part)) }];
      case "other":
        return [{ type: "value", value: this.texts.of(part.value) }];
      case "tool-result":
        return []; // is shown with its call
      case "file":
      case "source":
        return [part];
    }
  }

  private tool(part: ToolCallPart, found: ToolSteps | undefined, told: ToolResult | undefined): ToolCallItem {
    const { id, name, input } = part;
    const { step, approval, children = [] } = found ?? {};
    // the model is told the error of a step that has failed
    const output = step?.state === "completed" ? { output: step.output } : step?.state === "failed" ? undefined : told;
    return {
      id,
      name,
      state: stateOf(found, told),
      ...(input !== undefined && { input: this.texts.of(input) }),
      ...(output?.output !== undefined && { output: this.texts.of(output.output) }),
      ...(step && { step: stepItem(step, this.waits) }),
      ...(approval && { approval }),
      children,
    };
  }
}

function stateOf({ step, approval }: Partial<ToolSteps> = {}, told: ToolResult | undefined): ToolCallItem["state"] {
  if (approval?.state === "waiting") return "waiting";
  if (approval?.state === "denied") return "denied";
  if (told && (!step || told.state === "denied")) return told.state;
  return step?.state ?? "open";
}

type Results = ReadonlyMap<ToolCallPart, ToolResult>;

/** The tool results that later prompts have, and those of tools that the provider executed. */
function resultsIn(items: readonly ThreadItem[], messages: readonly Message[]): Results {
  const own = items.flatMap((item) => (item.type === "call" ? item.call.answer : item.message.parts));
  const told: Told = new Map();
  for (const part of [...messages.flatMap(({ parts }) => parts), ...own])
    if (part.type === "tool-result") told.set(part.id, [...(told.get(part.id) ?? []), part]);
  const results = new Map<ToolCallPart, ToolResult>();
  for (const call of toolCallsIn(own)) {
    const result = told.get(call.id)?.shift();
    if (result) results.set(call, result);
  }
  return results;
}
