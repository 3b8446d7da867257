import { complete, signal, TimeoutError, type Duration, type Run, type StandardSchema } from "perdure";
import { executionHere } from "../run/in-run.ts";

/** What a person has decided about a call of a tool. */
export interface Decision {
  readonly approved: boolean;
  /** For the model. */
  readonly reason?: string;
}

/** What is recorded of a call of a tool that may need approval. */
export interface ApprovalRecord {
  readonly ai: "approval";
  readonly toolName: string;
  readonly toolCallId: string;
  readonly approvalId: string;
  readonly input: unknown;
  readonly isNeeded: boolean;
}

/** A call of a tool that waits for a person. */
export interface PendingApproval extends Pick<ApprovalRecord, "toolName" | "input"> {
  /** The id that the model gave to the call. `#2`, `#3` and so on follow where it gave earlier calls of the run the same one. */
  readonly toolCallId: string;
  /** When it began to wait. */
  readonly since: Date;
  /** When it is denied without an answer. */
  readonly until?: Date;
}

const PREFIX = "approval:";
const nameOf = (approvalId: string): string => `${PREFIX}${approvalId}`;

/** By execution: the ids of the decisions that its calls of tools may wait for. */
const used = new WeakMap<object, Set<string>>();

/** What tells the decision on this call from that on another one with the same id: models may count anew, and a person may press a button twice. */
export function approvalIdOf(toolCallId: string): string {
  const execution = executionHere() ?? {};
  const ids = used.get(execution) ?? new Set();
  used.set(execution, ids);
  let id = toolCallId;
  for (let number = 2; ids.has(id); number++) id = `${toolCallId}#${number}`;
  ids.add(id);
  return id;
}

const decision: StandardSchema<Decision> = {
  "~standard": {
    version: 1,
    vendor: "perdure-ai",
    validate(value) {
      const { approved, reason } = (value ?? {}) as { approved?: unknown; reason?: unknown };
      if (typeof approved !== "boolean") return { issues: [{ message: "expected true or false", path: ["approved"] }] };
      if (reason !== undefined && typeof reason !== "string")
        return { issues: [{ message: "expected text", path: ["reason"] }] };
      return { value: { approved, ...(reason !== undefined && { reason }) } };
    },
    jsonSchema: {
      input: () => ({
        type: "object",
        properties: { approved: { type: "boolean" }, reason: { type: "string" } },
        required: ["approved"],
        additionalProperties: false,
      }),
    },
  },
};

/** Waits for `approve` or `deny`. A run that waits for long leaves memory. */
export async function decisionOn(approvalId: string, timeout: Duration | undefined): Promise<Decision> {
  try {
    return await signal(nameOf(approvalId), { schema: decision, ...(timeout !== undefined && { timeout }) });
  } catch (error) {
    if (error instanceof TimeoutError) return { approved: false, reason: "nobody has answered in time" };
    throw error;
  }
}

/**
 * Lets a call of a tool that waits for approval be executed. From any process with the store; before the call as well.
 * @param toolCallId - as `pendingApprovals` gives it
 * @returns false if the run has ended
 * @throws PerdureError as `complete`
 */
export const approve = (runId: string, toolCallId: string, reason?: string): Promise<boolean> =>
  decide(runId, toolCallId, true, reason);

/** The same, but the tool is not executed: the model gets the reason. */
export const deny = (runId: string, toolCallId: string, reason?: string): Promise<boolean> =>
  decide(runId, toolCallId, false, reason);

const decide = (runId: string, toolCallId: string, approved: boolean, reason?: string): Promise<boolean> =>
  complete(runId, nameOf(toolCallId), { approved, ...(reason !== undefined && { reason }) } satisfies Decision);

/** The calls of tools of the run that wait for `approve` or `deny`. From any process with the store. */
export async function pendingApprovals(run: Run): Promise<PendingApproval[]> {
  const waits = (await run.steps({ open: true })).filter(
    ({ kind, name }) => kind === "signal" && name.startsWith(PREFIX),
  );
  if (waits.length === 0) return [];
  const asked = (await run.steps()).flatMap(({ output }) => (isApproval(output) ? [output] : [])).reverse();
  return waits.flatMap(({ name, startedAt, dueAt }) => {
    const request = asked.find(({ approvalId }) => nameOf(approvalId) === name);
    if (!request) return [];
    const { toolName, approvalId, input } = request;
    return [{ toolName, toolCallId: approvalId, input, since: startedAt, ...(dueAt && { until: dueAt }) }];
  });
}

const isApproval = (output: unknown): output is ApprovalRecord =>
  (output as Partial<ApprovalRecord> | null | undefined)?.ai === "approval";

/** The output of a tool that a person has denied. */
interface Denied {
  readonly type: "execution-denied";
  readonly reason?: string;
}

export const denied = ({ reason }: Decision): Denied => ({
  type: "execution-denied",
  ...(reason !== undefined && { reason }),
});

export const isDenied = (output: unknown): output is Denied =>
  (output as Partial<Denied> | null | undefined)?.type === "execution-denied";
