import { define } from "./message.ts";

/** The messages of the package perdure-ai. */
export const aiMessages = {
  AI_BUDGET_SPENT: define((p: { model: string; unit: "tokens" | "cost"; used: number; limit: number }) => ({
    text: `the model ${p.model} is not called: the run has used ${p.used} of its budget of ${p.limit}${p.unit === "tokens" ? " tokens" : ""}`,
    hint: "raise the `budget` of the model and call run.retry(): the recorded calls are not made again. Or catch the error in the workflow and end without the model",
  })),
};
