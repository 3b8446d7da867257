/** Tokens, and what they cost. */
export interface Usage {
  readonly inputTokens: number;
  /** Those of the input that the provider had in its cache. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  /** In the currency of the `price`; 0 for calls of models without one. */
  readonly cost: number;
}

/** What a million tokens cost. `cachedInput` is that of `input` unless it is given. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
}

export const NO_USAGE: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, totalTokens: 0, cost: 0 };

export const sum = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  totalTokens: a.totalTokens + b.totalTokens,
  cost: a.cost + b.cost,
});

/** A count of tokens, as the several versions of the provider interface have it. */
type Count = number | { readonly total?: number | undefined; readonly cacheRead?: number | undefined } | undefined;

/** The usage that a model reports, of any version of the provider interface. */
export interface ReportedUsage {
  readonly inputTokens?: Count;
  readonly outputTokens?: Count;
  readonly cachedInputTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  /** Of embedding models. */
  readonly tokens?: number | undefined;
}

const totalOf = (count: Count): number => (typeof count === "object" ? count.total : count) ?? 0;

export function usageOfCall(reported: ReportedUsage | undefined, price: Price | undefined): Usage {
  const { inputTokens, outputTokens, tokens = 0 } = reported ?? {};
  const input = totalOf(inputTokens) || tokens;
  const output = totalOf(outputTokens);
  const cached = (typeof inputTokens === "object" ? inputTokens.cacheRead : reported?.cachedInputTokens) ?? 0;
  const { input: perInput, output: perOutput, cachedInput = perInput } = price ?? { input: 0, output: 0 };
  return {
    inputTokens: input,
    cachedInputTokens: cached,
    outputTokens: output,
    totalTokens: reported?.totalTokens ?? input + output,
    cost: ((input - cached) * perInput + cached * cachedInput + output * perOutput) / 1_000_000,
  };
}
