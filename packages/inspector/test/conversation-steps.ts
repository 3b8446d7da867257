/** The steps of agents, as `perdure-ai` records them. */
import type { StepInfo } from "perdure";

export const user = (text: string) => ({ role: "user", content: [{ type: "text", text }] });
export const system = (content: string) => ({ role: "system", content });
export const text = (value: string) => ({ type: "text", text: value });
export const toolCall = (toolCallId: string, toolName: string, input: unknown) => ({
  type: "tool-call",
  toolCallId,
  toolName,
  input: JSON.stringify(input),
});

type Answer = readonly (ReturnType<typeof text> | ReturnType<typeof toolCall> | { readonly type: string })[];

/** The message that the next prompt repeats an answer with: there, inputs are values. */
export const repeated = (answer: Answer) => ({
  role: "assistant",
  content: answer.map((part) => ("input" in part ? { ...part, input: JSON.parse(part.input) as unknown } : part)),
});

export const results = (...of: readonly (readonly [id: string, name: string, output: unknown])[]) => ({
  role: "tool",
  content: of.map(([toolCallId, toolName, value]) => ({
    type: "tool-result",
    toolCallId,
    toolName,
    output: { type: "json", value },
  })),
});

/** Records steps, each of which begins when the one before has ended, unless it says otherwise. */
export class Recorder {
  readonly steps: StepInfo[] = [];
  private readonly counts = new Map<string, number>();

  /** @param scope - such as `{call-1}/` */
  step(scope: string, name: string, given: Partial<StepInfo> = {}): StepInfo {
    const prefix = `${scope}${name}`;
    const count = this.counts.get(prefix) ?? 0;
    this.counts.set(prefix, count + 1);
    const id = `${prefix}[${count}]`;
    const seq = this.steps.length + 1;
    const isOpen = given.state === "open";
    const step: StepInfo = {
      id,
      kind: "task",
      name,
      state: "completed",
      path: id.split("/"),
      attempts: 1,
      startedAt: new Date(seq * 1_000),
      ...(!isOpen && { seq, finishedAt: new Date(seq * 1_000 + 1_000) }),
      ...given,
    };
    this.steps.push(step);
    return step;
  }

  generate(prompt: unknown, content: unknown, given: Partial<StepInfo> & { readonly model?: string } = {}): StepInfo {
    const { model = "weatherman", ...rest } = given;
    const result = { content, finishReason: { unified: "stop", raw: "end" }, usage: {}, warnings: [] };
    const identity = { ai: "generate", provider: "mock", modelId: "mock-1", ...askedIn(prompt) };
    const output = { ...identity, usage: usage(100, 10), result };
    return this.step("", `${model}.generate`, {
      ...(prompt !== undefined && { input: [{ prompt, tools: [] }] }),
      ...(rest.state === undefined && { output }),
      ...rest,
    });
  }

  stream(prompt: unknown, parts: unknown): StepInfo {
    const output = { ai: "stream", provider: "mock", modelId: "mock-1", usage: usage(100, 10), result: { parts } };
    return this.step("", "weatherman.stream", { input: [{ prompt }], output });
  }

  tool(id: string, name: string, output: unknown, given: Partial<StepInfo> = {}): StepInfo {
    return this.step(`{${id}}/`, name, { ...(given.state === undefined && { output }), ...given });
  }

  approval(id: string, toolName: string, input: unknown, wait: Partial<StepInfo>, approvalId = id): void {
    const output = { ai: "approval", toolName, toolCallId: id, approvalId, input, isNeeded: true };
    this.step(`{${id}}/`, `${toolName}.approval`, { output });
    const name = `approval:${approvalId}`;
    this.step(`{${id}}/`, "signal", { kind: "signal", name, target: name, ...wait });
  }
}

/** What is recorded of the prompt in any case. */
function askedIn(prompt: unknown): { readonly asked?: readonly unknown[] } {
  const messages = prompt as readonly { readonly role: string }[];
  const since = messages.findLastIndex(({ role }) => role === "assistant") + 1;
  const asked = messages.slice(since).filter(({ role }) => role === "user" || role === "system");
  return asked.length > 0 ? { asked } : {};
}

export const usage = (inputTokens: number, outputTokens: number, cost = 0.25) => ({
  inputTokens,
  cachedInputTokens: 0,
  outputTokens,
  totalTokens: inputTokens + outputTokens,
  cost,
});
