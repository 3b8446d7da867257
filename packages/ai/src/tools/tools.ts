import type { ToolSet } from "ai";
import { keyed, PerdureError, taskOptions, type Duration } from "perdure";
import { approvalIdOf, decisionOn, denied, isDenied, type ApprovalRecord } from "./approval.ts";
import { tell, toolFailed, type StreamOption } from "../models/chunks.ts";
import { attemptSignal } from "../models/call.ts";
import { executionHere, isInWorkflow } from "../run/in-run.ts";
import { stepNamed, type Step, type StepOptions } from "../run/steps.ts";

/** What the AI SDK gives to a tool beside the input. */
interface CallOfTool {
  readonly toolCallId: string;
  readonly abortSignal?: AbortSignal | undefined;
  readonly [key: string]: unknown;
}

type Execute = (input: unknown, options: CallOfTool) => unknown;
type NeedsApproval = (input: unknown, options: CallOfTool) => boolean | PromiseLike<boolean>;

/** What is used here of a tool, in all versions of the AI SDK. */
interface AnyTool {
  readonly execute?: Execute;
  readonly needsApproval?: boolean | NeedsApproval;
  readonly toModelOutput?: (call: { readonly output: unknown; readonly [key: string]: unknown }) => unknown;
}

/** Options of `durableTools`. */
export interface DurableToolsOptions<T extends ToolSet = ToolSet> extends StepOptions {
  /** The tools that a person has to approve, beside those with `needsApproval`: always, or where the function of the input returns true. */
  readonly approval?: {
    readonly [N in keyof T]?: boolean | ((input: never, options: never) => boolean | PromiseLike<boolean>);
  };
  /** How long to wait for the approval; then the call is denied. Default: without a limit. */
  readonly approvalTimeout?: Duration;
  /** Writes the outputs and the approvals to this stream of the run, as chunks of a UI message: that of the model. Default: no stream. */
  readonly stream?: StreamOption;
}

/**
 * Tools whose calls are steps when they are called in a run: recorded once, and not executed again. A tool whose `execute` is a task already stays as it is. Where
 * a tool needs approval, the run waits for `approve` or `deny`.
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `DURATION_INVALID`
 */
export function durableTools<T extends ToolSet>(tools: T, options: DurableToolsOptions<T> = {}): T {
  const { approval = {}, ...settings } = options;
  checkApproval(tools, approval);
  const durable = Object.entries(tools).map(([name, tool]) => {
    const needs = (approval as Record<string, boolean | NeedsApproval | undefined>)[name];
    return [name, durableTool(name, tool as unknown as AnyTool, needs, settings)];
  });
  return Object.fromEntries(durable) as T;
}

/** A name that is misspelt would let a call pass that nobody has approved. */
function checkApproval(tools: ToolSet, approval: object): void {
  const executed = Object.keys(tools).filter((name) => tools[name]?.execute);
  const wrong = Object.keys(approval).find((name) => !executed.includes(name));
  if (wrong === undefined) return;
  const expected = `tools with a function \`execute\`: ${executed.join(", ")}`;
  throw new PerdureError("OPTION_INVALID", { option: "approval", value: wrong, expected });
}

function durableTool(
  name: string,
  tool: AnyTool,
  approval: boolean | NeedsApproval | undefined,
  { approvalTimeout, stream, ...options }: Omit<DurableToolsOptions, "approval">,
): AnyTool {
  const { needsApproval = false } = tool;
  const execute = tool.execute?.bind(tool);
  if (!tool.execute || !execute) return tool;
  const isGenerator = Object.prototype.toString.call(tool.execute) === "[object AsyncGeneratorFunction]";
  const recorded = isTask(tool.execute) ? execute : recordedExecute(execute, stepNamed(name, options), isGenerator);
  const needs = approval ?? needsApproval;
  const decide = needs === false ? undefined : approvalStep(name, needs, approvalTimeout, stream);
  const inRun = (input: unknown, call: CallOfTool): Promise<unknown> =>
    keyed(call.toolCallId, async () => {
      const decision = await decide?.(input, call);
      const isDenial = decision?.approved === false;
      const output = isDenial ? denied(decision) : await told(stream, call, () => recorded(input, call), isGenerator);
      if (isDenial) tell(stream, { type: "tool-output-denied", toolCallId: call.toolCallId });
      return isDenial && isGenerator ? [output] : output;
    });
  return {
    ...tool,
    execute: isGenerator
      ? generatorOf(execute, inRun)
      : (input, call) => (executionHere() ? inRun : execute)(input, call),
    ...(approval === false && { needsApproval: false }),
    ...(decide && {
      needsApproval: (input: unknown, call: CallOfTool) => !isInWorkflow() && asked(needs, input, call),
      toModelOutput: modelOutputOf(tool),
    }),
  };
}

/** Watchers get the recorded output. Of an error they get that it happened. */
async function told(
  stream: StreamOption | undefined,
  { toolCallId }: CallOfTool,
  execute: () => unknown,
  isGenerator: boolean,
): Promise<unknown> {
  const output = await Promise.resolve(execute()).catch((error: unknown) => {
    tell(stream, toolFailed(toolCallId));
    throw error;
  });
  const last: unknown = isGenerator ? (output as readonly unknown[]).at(-1) : output;
  tell(stream, { type: "tool-output-available", toolCallId, output: last ?? null });
  return output;
}

/** Yields in a run what the generator of the recorded attempt has yielded. */
function generatorOf(execute: Execute, inRun: (input: unknown, call: CallOfTool) => Promise<unknown>): Execute {
  return async function* (input, call) {
    yield* (executionHere() ? await inRun(input, call) : execute(input, call)) as Iterable<unknown>;
  };
}

/** What a person has decided, where the call needs it. Whether it does is recorded, with what there is to approve. */
function approvalStep(
  toolName: string,
  needs: boolean | NeedsApproval,
  timeout: Duration | undefined,
  stream: StreamOption | undefined,
) {
  const step = stepNamed(`${toolName}.approval`, {});
  return async (input: unknown, call: CallOfTool) => {
    if (!isInWorkflow()) return undefined; // the AI SDK has asked `needsApproval`
    const { toolCallId } = call;
    const approvalId = approvalIdOf(toolCallId);
    const request = await step([input], async (given): Promise<ApprovalRecord> => {
      const isNeeded = await asked(needs, given, call);
      return { ai: "approval", toolName, toolCallId, approvalId, input: given, isNeeded };
    });
    if (!request.isNeeded) return undefined;
    tell(stream, { type: "tool-approval-request", approvalId, toolCallId });
    const decision = await decisionOn(approvalId, timeout);
    tell(stream, { type: "tool-approval-response", approvalId, ...decision });
    return decision;
  };
}

const asked = async (needs: boolean | NeedsApproval, input: unknown, call: CallOfTool): Promise<boolean> =>
  typeof needs === "function" ? needs(input, call) : needs;

/** The output of the recorded attempt; of a generator, all that it has yielded. */
function recordedExecute(execute: Execute, step: Step, isGenerator: boolean): Execute {
  return (input, call) =>
    step([input], async (given) => {
      const output = await execute(given, { ...call, abortSignal: attemptSignal(call.abortSignal) });
      if (!isIterable(output)) return output;
      const outputs = await collected(output);
      return isGenerator ? outputs : outputs.at(-1);
    });
}

/** What the model gets: a denial as such, and anything else as the tool, or else the AI SDK, has it. */
function modelOutputOf({ toModelOutput }: AnyTool): NonNullable<AnyTool["toModelOutput"]> {
  return (call) => {
    const { output } = call;
    if (isDenied(output)) return output;
    if (toModelOutput) return toModelOutput(call);
    if (typeof output === "string") return { type: "text", value: output };
    return { type: "json", value: JSON.parse(JSON.stringify(output ?? null)) as unknown };
  };
}

async function collected(outputs: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const output of outputs) all.push(output);
  return all;
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === "function";

/** Whether the function is a compiled task. */
function isTask(fn: Execute): boolean {
  try {
    taskOptions(fn, {});
    return true;
  } catch (error) {
    return !(error instanceof PerdureError && error.code === "NOT_COMPILED");
  }
}
