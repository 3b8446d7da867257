import type { ActionName, RunItem, Status, ValueText } from "../../../src/api.ts";

/** What a button asks for. Its dialog asks for the rest. */
export interface Intent {
  readonly action: ActionName;
  readonly run: Pick<RunItem, "id" | "status" | "compensated">;
  /** `fork`: id of the step. */
  readonly from?: string;
  /** `signal`: its name, where it is known, and the schema of its payload. */
  readonly signal?: string;
  readonly payloadSchema?: unknown;
  /** `signal`: it is the decision about a call of a tool. */
  readonly decision?: Decision;
}

interface Decision {
  readonly approved: boolean;
  /** Name of the tool, and the input of the call. */
  readonly tool: string;
  readonly input?: ValueText;
}

const ENDED: ReadonlySet<Status> = new Set(["completed", "failed", "cancelled"]);

export const hasEnded = ({ status }: Pick<RunItem, "status">): boolean => ENDED.has(status);

/** The actions that a run's status allows, the most likely first. A fork is asked for at a step. */
export function permittedActions({ status }: Pick<RunItem, "status">): ActionName[] {
  if (status === "failed") return ["retry", "restart", "delete"];
  if (hasEnded({ status })) return ["restart", "delete"];
  return [...(status === "blocked" ? (["unblock"] as const) : []), "signal", "cancel", "delete"];
}

/** Words for an action's button and dialog. */
export interface Explanation {
  readonly button: string;
  readonly title: string;
  /** Exactly what will happen, in sentences. */
  readonly effects: readonly string[];
  readonly isDangerous: boolean;
}

const RESUMED =
  "A process of yours that runs worker() or recover() continues it. The inspector executes nothing itself.";

const EXPLANATIONS: Record<ActionName, (intent: Intent) => Explanation> = {
  retry: ({ run }) => ({
    button: "Retry",
    title: "Retry this run?",
    effects: [
      "The run is tried again from its failure. Completed steps are not executed again; the step that failed is.",
      ...(run.compensated ? ["Its clean-up has undone some of what it did, so a retry may repeat or miss work."] : []),
      RESUMED,
    ],
    isDangerous: run.compensated,
  }),
  restart: () => ({
    button: "Restart",
    title: "Restart this run?",
    effects: [
      "The run begins again from the top, with the same input. Its recorded steps are deleted, and all of them are executed again with new idempotency keys.",
      RESUMED,
    ],
    isDangerous: true,
  }),
  fork: ({ from }) => ({
    button: "Fork from this step",
    title: "Fork from this step?",
    effects: [
      `A new run is made with the same input and with the steps that finished before ${from ?? "the step"}. That step and what follows are executed again.`,
      "This run does not change.",
      RESUMED,
    ],
    isDangerous: false,
  }),
  cancel: () => ({
    button: "Cancel",
    title: "Cancel this run?",
    effects: [
      "Its waits and its next durable calls end with a CancelledError, and running tasks are asked to stop. Its clean-up is still executed, by a process of yours.",
    ],
    isDangerous: true,
  }),
  unblock: () => ({
    button: "Unblock",
    title: "Unblock this run?",
    effects: [
      "The run is tried again with the code that stopped it. If the reason has not gone, it is blocked again, and nothing is lost.",
      RESUMED,
    ],
    isDangerous: false,
  }),
  delete: ({ run }) => ({
    button: "Delete",
    title: "Delete this run?",
    effects: [
      "The run, its steps and its signals are deleted from the store for good. Its child runs stay.",
      ...(hasEnded(run)
        ? []
        : ["The run has not ended. It is deleted only if no process executes it; cancel it first."]),
    ],
    isDangerous: true,
  }),
  signal: ({ signal, decision }) =>
    decisionOn(decision) ?? {
      button: "Deliver signal",
      title: signal === undefined ? "Deliver a signal" : `Deliver the signal “${signal}”`,
      effects: ["The run receives the payload and continues. A signal cannot be taken back."],
      isDangerous: false,
    },
};

function decisionOn(decision: Decision | undefined): Explanation | undefined {
  if (!decision) return undefined;
  const { approved, tool } = decision;
  return {
    button: approved ? "Approve" : "Deny",
    title: `${approved ? "Approve" : "Deny"} this call of ${tool}?`,
    effects: [
      approved
        ? "The tool is executed. A decision cannot be taken back."
        : "The tool is not executed, and the model is told the reason. A decision cannot be taken back.",
      RESUMED,
    ],
    isDangerous: false,
  };
}

export const explain = (intent: Intent): Explanation => EXPLANATIONS[intent.action](intent);
