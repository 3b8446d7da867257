export { approve, deny, pendingApprovals, type Decision, type PendingApproval } from "./approval.ts";
export type { AskedMessage } from "./asked.ts";
export type { Budget } from "./budget.ts";
export type { ModelOptions, ModelRecord } from "./call.ts";
export { recordedIds } from "./ids.ts";
export { durableModel, type DurableModelOptions } from "./model.ts";
export {
  durableEmbeddingModel,
  durableImageModel,
  durableRerankingModel,
  durableSpeechModel,
  durableTranscriptionModel,
} from "./other-models.ts";
export type { StepOptions } from "./steps.ts";
export { durableTools, type DurableToolsOptions } from "./tools.ts";
export { usageOf, type RunUsage, type StepUsage } from "./usage-of.ts";
export type { Price, Usage } from "./usage.ts";
