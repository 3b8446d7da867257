import { PerdureError } from "perdure";
import { executionHere } from "../run/in-run.ts";
import { NO_USAGE, sum, type Usage } from "./usage.ts";

/** What a run may use. The call that exceeds it is the last one. */
export interface Budget {
  /** Input and output together. */
  readonly tokens?: number;
  /** In the currency of the `price` of the models. */
  readonly cost?: number;
}

/**
 * What each execution of a run has used: the sum over the calls whose results it has received, recorded or not. A replay receives the same results in the same
 * order, so at each call it counts what the first execution counted.
 */
const spent = new WeakMap<object, Usage>();

export function spend(usage: Usage): void {
  const execution = executionHere();
  if (execution) spent.set(execution, sum(spent.get(execution) ?? NO_USAGE, usage));
}

/** @throws PerdureError `AI_BUDGET_SPENT` */
export function checkBudget({ tokens, cost }: Budget, model: string): void {
  const execution = executionHere();
  const used = execution && spent.get(execution);
  if (!used) return;
  const refuse = (unit: "tokens" | "cost", amount: number, limit: number): never => {
    throw new PerdureError("AI_BUDGET_SPENT", { model, unit, used: amount, limit });
  };
  if (tokens !== undefined && used.totalTokens >= tokens) refuse("tokens", used.totalTokens, tokens);
  if (cost !== undefined && used.cost >= cost) refuse("cost", used.cost, cost);
}
