import type { StepRow } from "../contract.ts";
import { newLine, type Line } from "./line.ts";
import type { Run } from "./run.ts";

/** Everything that a store in memory has recorded, but for the code and the early deliveries. */
export interface Memory {
  readonly runs: Map<string, Run>;
  /** The epochs of deleted runs, from which new runs with their ids continue: an owner of the old run stays fenced. */
  readonly deleted: Map<string, number>;
  readonly line: Line;
  /** The runs that were created under a throttle, in the order of their creation. */
  readonly throttled: { readonly workflow: string; readonly key: string; readonly at: number; readonly run: string }[];
  /** The starts that have joined a run, by their ids. */
  readonly joined: Map<string, { readonly run: string; readonly at: number }>;
  /** How many runs were created. */
  created: number;
}

export function newMemory(): Memory {
  const runs = new Map<string, Run>();
  return { runs, deleted: new Map(), line: newLine(runs), throttled: [], joined: new Map(), created: 0 };
}

export function openTargets(run: Run, kind: StepRow["kind"]): string[] {
  return [...run.steps.values()]
    .filter((step) => step.state === "open" && step.kind === kind)
    .map((step) => step.target ?? "");
}

export function isCancelUndelivered(run: Run): boolean {
  return run.row.cancel !== undefined && ![...run.steps.values()].some((step) => step.kind === "cancel");
}
