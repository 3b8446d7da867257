import type { Run } from "perdure";
import type { ModelRecord } from "./call.ts";
import { NO_USAGE, sum, type Usage } from "../usage/usage.ts";

/** What one recorded call of a model has used. */
export interface StepUsage extends Usage {
  /** The id of the step. */
  readonly step: string;
  readonly provider: string;
  readonly modelId: string;
}

/** What a run has used. */
export interface RunUsage extends Usage {
  readonly steps: readonly StepUsage[];
}

/**
 * What the recorded calls of durable models have used, in the run and in each of its steps. Child runs have their own. Attempts that failed are not in it: no
 * provider says what they cost.
 * @throws PerdureError `RUN_NOT_FOUND`
 */
export async function usageOf(run: Run): Promise<RunUsage> {
  const steps = (await run.steps()).flatMap(({ id, output }): StepUsage[] =>
    isModelRecord(output) ? [{ step: id, provider: output.provider, modelId: output.modelId, ...output.usage }] : [],
  );
  const total = steps.reduce<Usage>(sum, NO_USAGE);
  return { ...total, steps };
}

function isModelRecord(output: unknown): output is ModelRecord {
  const { ai, usage } = (output ?? {}) as Partial<ModelRecord>;
  return ai !== undefined && usage !== undefined;
}
