import type { StepInfo } from "perdure";
import type { ApprovalItem } from "../api-conversation.ts";
import { headline } from "../show/index.ts";
import { fieldsOf, textOf, type ToolCallPart } from "./messages.ts";

/** What is recorded of one call of a tool. */
export interface ToolSteps {
  /** The call itself. */
  readonly step?: StepInfo;
  readonly approval?: ApprovalItem;
  /** Ids of the runs that it has started. */
  readonly children: readonly string[];
}

/** The steps of calls of tools. Each is found once. */
export class ToolStepFinder {
  private readonly free: Set<StepInfo>;
  private readonly byKey = new Map<string, StepInfo[]>();
  private readonly childrenOf = new Map<string, string[]>();
  /** The ids of calls that models have asked for. */
  private readonly ids: ReadonlySet<string>;

  /** @param steps - without the calls of models, in the order of their begins */
  constructor(steps: readonly StepInfo[], ids: ReadonlySet<string>) {
    this.free = new Set(steps);
    this.ids = ids;
    for (const step of steps) {
      for (const key of keysOf(step)) add(this.byKey, key, step);
      if ((step.kind === "child" || step.kind === "start") && step.target !== undefined)
        add(this.childrenOf, step.outer ?? step.id, step.target);
    }
  }

  /** @param from - when the model was called that has asked for it */
  find(call: Omit<ToolCallPart, "type">, from: Date): ToolSteps {
    const keyed = (this.byKey.get(call.id) ?? []).filter((step) => this.free.has(step));
    const request = keyed.find((step) => requestIn(step)?.id === call.id);
    const approvalId = (request && requestIn(request)?.approvalId) ?? call.id;
    const wait = keyed.find(({ kind, name }) => kind === "signal" && name === `approval:${approvalId}`);
    const calls = keyed.filter((step) => isCall(step) && !requestIn(step));
    const step = calls.find(({ name }) => name === call.name) ?? calls[0] ?? this.withoutKey(call, from);
    for (const found of [request, wait, step]) if (found) this.free.delete(found);
    return {
      ...(step && { step }),
      ...(wait && { approval: approvalOf(wait) }),
      children: (step && this.childrenOf.get(step.id)) ?? [],
    };
  }

  /** The calls that need approval and that `find` has not found: what the model has answered is not recorded, or is redacted. */
  requests(): readonly Omit<ToolCallPart, "type">[] {
    return [...this.free].flatMap((step) => {
      const request = requestIn(step);
      return request?.isNeeded === true ? [request] : [];
    });
  }

  /** A tool that is a task already may be called without a key: the calls begin in the order in which the model has asked for them. */
  private withoutKey({ name }: Pick<ToolCallPart, "name">, from: Date): StepInfo | undefined {
    return [...this.free].find(
      (step) =>
        step.name === name && isCall(step) && step.startedAt >= from && !keysOf(step).some((key) => this.ids.has(key)),
    );
  }
}

function add<V>(to: Map<string, V[]>, key: string, value: V): void {
  const known = to.get(key);
  if (known) known.push(value);
  else to.set(key, [value]);
}

/** The keys of `keyed` that lead to the step. */
const keysOf = ({ path }: StepInfo): string[] =>
  path.flatMap((segment) => {
    const [, key] = /^\{(.*)\}$/su.exec(segment) ?? [];
    return key === undefined ? [] : [key.replace(/%([0-9A-F]{2})/gu, (text) => decodeURIComponent(text))];
  });

const isCall = ({ kind, outer }: StepInfo): boolean => (kind === "task" || kind === "child") && outer === undefined;

/** What is recorded of a call of a tool that may need approval. */
function requestIn({ output }: StepInfo): ApprovalRequest | undefined {
  const { ai, toolCallId, approvalId, toolName, input, isNeeded } = fieldsOf(output);
  if (ai !== "approval" || typeof toolCallId !== "string") return undefined;
  const name = textOf(toolName) ?? "tool";
  return { id: toolCallId, approvalId: textOf(approvalId), name, input, isNeeded: isNeeded === true };
}

interface ApprovalRequest extends Omit<ToolCallPart, "type"> {
  /** What tells its wait from that of another call with the same id. */
  readonly approvalId: string | undefined;
  readonly isNeeded: boolean;
}

function approvalOf({ name, state, startedAt, finishedAt, dueAt, output, error }: StepInfo): ApprovalItem {
  const { approved, reason } = fieldsOf(output);
  const text = textOf(reason) ?? (error === undefined ? undefined : headline(error));
  const isLate = error instanceof Error && error.name === "TimeoutError";
  const decided = approved === true ? "approved" : approved === false || isLate ? "denied" : "ended";
  return {
    signal: name,
    state: state === "open" ? "waiting" : decided,
    since: startedAt.getTime(),
    ...(state === "open" && dueAt && { until: dueAt.getTime() }),
    ...(finishedAt && { decidedAt: finishedAt.getTime() }),
    ...(text !== undefined && { reason: text }),
  };
}
