import type {
  ContentItem,
  Conversation,
  ConversationItem,
  ConversationPage,
  ModelCallItem,
  ToolCallItem,
  UsageItem,
} from "@perdure/inspector/conversation";
import { safe } from "@perdure/inspector/show";
import type { Terminal } from "./terminal.ts";
import { since } from "./words.ts";

const cost = new Intl.NumberFormat("en", { maximumSignificantDigits: 2, useGrouping: false });

export const usageText = (usage: UsageItem): string =>
  `${usage.totalTokens} tokens (${usage.inputTokens} in, ${usage.outputTokens} out)${
    usage.cost > 0 ? `, cost ${cost.format(usage.cost)}` : ""
  }`;

/** The lines of what was said in a run, and of the calls of its tools. */
export function conversationLines(run: string, page: ConversationPage, terminal: Terminal): string[] {
  const writer = new Writer(run, terminal);
  const { conversations, otherCalls, otherTools, writing } = page;
  const lines = [
    ...(page.isCut ? ["", "The run has many steps: this is what its latest 1,000 tell."] : []),
    ...conversations.flatMap((conversation) => writer.conversation(conversation, conversations.length > 1)),
    ...writing.flatMap(({ step, parts }) => writer.turn("Assistant", ["is writing", step], writer.content(parts))),
    ...(otherTools.length > 0 ? writer.turn("Other calls of tools", [], otherTools.flatMap(writer.tool)) : []),
    ...otherCalls.flatMap(writer.call),
  ];
  return lines.length > 0 ? lines : ["", "No model and no tool of perdure-ai was called in this run."];
}

class Writer {
  private readonly run: string;
  private readonly colors: Terminal["colors"];

  constructor(run: string, { colors }: Terminal) {
    this.run = run;
    this.colors = colors;
  }

  conversation({ name, usage, items }: Conversation, isOneOfMany: boolean): string[] {
    const head = isOneOfMany ? ["", this.colors.bold(`── ${safe(name)}, ${usageText(usage)}`)] : [];
    return [...head, ...items.flatMap((item) => this.item(item))];
  }

  turn(who: string, facts: readonly string[], lines: readonly string[]): string[] {
    const { bold, dim } = this.colors;
    return ["", `${bold(who)}  ${dim(safe(facts.join(", ")))}`.trimEnd(), ...lines.map((line) => `  ${line}`)];
  }

  private item(item: ConversationItem): string[] {
    if (item.type === "call") return this.call(item.call);
    return this.turn(ROLES[item.role], [], this.content(item.parts));
  }

  readonly call = (call: ModelCallItem): string[] => {
    const { step, kind, provider = "", model = "", usage, finishReason, parts } = call;
    const isChat = kind === "generate" || kind === "stream";
    const facts = [
      `${provider} ${model}`.trim(),
      durationOf(step),
      usage ? usageText(usage) : "",
      finishReason === undefined || USUAL.has(finishReason) ? "" : `stopped: ${finishReason}`,
      step.id,
    ].filter((fact) => fact !== "");
    return this.turn(isChat ? "Assistant" : kind, facts, [...this.failures(step), ...this.content(parts)]);
  };

  private failures({ attempts, failedAttempts, state, error }: ModelCallItem["step"]): string[] {
    const { dim, red } = this.colors;
    return [
      ...(attempts > 1 ? failedAttempts : []).map((each) => dim(`attempt ${each.attempt}: ${each.error}`)),
      ...(state === "failed" && error !== undefined ? [red(error)] : []),
    ];
  }

  content(parts: readonly ContentItem[]): string[] {
    return parts.flatMap((part) => this.part(part));
  }

  private part(part: ContentItem): string[] {
    const { dim } = this.colors;
    switch (part.type) {
      case "text":
        return linesOf(part.text);
      case "reasoning":
        return labelled("reasoning", linesOf(part.text)).map(dim);
      case "value":
        return linesOf(part.value);
      case "tool-call":
        return this.tool(part.call);
      case "file":
        return [dim(safe(`file ${part.name ?? ""} (${part.mediaType})`))];
      case "source":
        return [dim(safe(`source ${part.title} ${part.url ?? ""}`.trimEnd()))];
    }
  }

  /** The command that approves a call. */
  private approving(signal: string): string {
    const words = [this.run, signal, '{"approved":true}'].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    return safe(`perdure signal ${words.join(" ")}`);
  }

  readonly tool = ({ name, state, input, output, step, approval, children }: ToolCallItem): string[] => {
    const { cyan, dim, yellow } = this.colors;
    const facts = [STATES[state], ...(step ? [durationOf(step), step.id] : [])].filter((fact) => fact !== "");
    const waits = approval?.state === "waiting";
    return [
      `${cyan(`→ ${safe(name)}`)}  ${dim(safe(facts.join(", ")))}`,
      ...[
        ...(step ? this.failures(step) : []),
        ...(input ? labelled("input ", linesOf(input)) : []),
        ...(output ? labelled("output", linesOf(output)) : []),
        ...(waits ? [yellow(this.approving(approval.signal))] : []),
        ...(approval?.reason === undefined ? [] : [safe(`reason ${approval.reason}`)]),
        ...children.map((child) => `run    ${safe(child)}`),
      ].map((line) => `    ${line}`),
    ];
  };
}

const ROLES = { system: "System", user: "User", assistant: "Assistant", tool: "Tool", other: "Message" } as const;

/** Reasons to stop that need no mention. */
const USUAL = new Set(["stop", "tool-calls"]);

const STATES: Record<ToolCallItem["state"], string> = {
  open: "no result",
  waiting: "waits for approval",
  completed: "",
  failed: "failed",
  denied: "denied",
};

const durationOf = ({ startedAt, finishedAt }: ModelCallItem["step"]): string =>
  finishedAt === undefined ? "" : since(new Date(startedAt), new Date(finishedAt));

const linesOf = ({ text, isCut }: { readonly text: string; readonly isCut: boolean }): string[] => [
  ...safe(text).trimEnd().split("\n"),
  ...(isCut ? ["…"] : []),
];

/** The label stands before the first line, and the others below. */
const labelled = (label: string, lines: readonly string[]): string[] =>
  lines.map((line, at) => `${at === 0 ? label : " ".repeat(label.length)} ${line}`);
