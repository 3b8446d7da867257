export { approve, deny, pendingApprovals, type Decision, type PendingApproval } from "./tools/approval.ts";
export type { AskedMessage } from "./models/asked.ts";
export type { Budget } from "./usage/budget.ts";
export type { ModelOptions, ModelRecord } from "./models/call.ts";
export { recordedIds } from "./run/ids.ts";
export { durableModel, type DurableModelOptions } from "./models/model.ts";
export {
  durableEmbeddingModel,
  durableImageModel,
  durableRerankingModel,
  durableSpeechModel,
  durableTranscriptionModel,
} from "./models/other-models.ts";
export type { StepOptions } from "./run/steps.ts";
export { durableTools, type DurableToolsOptions } from "./tools/tools.ts";
export { usageOf, type RunUsage, type StepUsage } from "./models/usage-of.ts";
export type { Price, Usage } from "./usage/usage.ts";
