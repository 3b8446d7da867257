import { askedIn, type AskedMessage } from "./asked.ts";
import { attemptHere, executionHere } from "../run/in-run.ts";
import { checkBudget, spend, type Budget } from "../usage/budget.ts";
import { abortError, forRecord, forSdk, mayHelpAgain, thrownByModel } from "./failures.ts";
import { stepNamed, type Step, type StepOptions } from "../run/steps.ts";
import { usageOfCall, type Price, type ReportedUsage, type Usage } from "../usage/usage.ts";

/** Options of every durable model. */
export interface ModelOptions extends StepOptions {
  /** The name of its steps, and of the steps of its fallbacks. Default: the id of the model. */
  readonly name?: string;
  /** What its tokens cost. */
  readonly price?: Price;
  /** What the whole run may use, over all durable models. A call that comes after it is spent is refused with `AI_BUDGET_SPENT`. */
  readonly budget?: Budget;
}

/** What is known of a call of any version of the provider interface. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal | undefined;
  readonly headers?: unknown;
  readonly [option: string]: unknown;
}

/** What is recorded of a call of a model. `run.steps()` shows it as the output of the step. */
export interface ModelRecord<R = unknown> {
  readonly ai: "generate" | "stream" | "embed" | "image" | "speech" | "transcribe" | "rerank";
  readonly provider: string;
  readonly modelId: string;
  /** What the user and the system have said since the model spoke last, without the contents of files. */
  readonly asked?: readonly AskedMessage[];
  readonly usage: Usage;
  readonly result: R;
}

export interface NamedModel {
  readonly provider: string;
  readonly modelId: string;
}

/** The calls of one model, as steps. */
export class ModelCalls {
  readonly name: string;
  private readonly model: NamedModel;
  private readonly options: ModelOptions;

  constructor(model: NamedModel, options: ModelOptions) {
    this.model = model;
    this.options = options;
    this.name = options.name ?? model.modelId;
  }

  /** The calls of one method of the model. */
  method<R extends { readonly usage?: ReportedUsage | undefined }>(
    kind: ModelRecord["ai"],
  ): <O extends CallOptions>(options: O, call: (options: O) => PromiseLike<R>) => Promise<R> {
    const { price, budget, retryIf, name: _, ...rest } = this.options;
    const { provider, modelId } = this.model;
    const step: Step = stepNamed(`${this.name}.${kind}`, {
      ...rest,
      retryIf: (error, attempt) => {
        const thrown = thrownByModel(error);
        return mayHelpAgain(thrown) && (retryIf?.(thrown, attempt) ?? true);
      },
    });
    return async (options, call) => {
      if (!executionHere()) return call(options);
      if (budget) checkBudget(budget, this.name);
      const { abortSignal, headers: _headers, ...input } = options;
      const record: ModelRecord<R> = await step([input], async (given): Promise<ModelRecord<R>> => {
        const signal = attemptSignal(abortSignal);
        const result = await recordable(() => call({ ...options, ...given, abortSignal: signal }), abortSignal);
        const asked = askedIn(given["prompt"]);
        return {
          ai: kind,
          provider,
          modelId,
          ...(asked && { asked }),
          usage: usageOfCall(result.usage, price),
          result,
        };
      }).catch((failure: unknown) => {
        throw forSdk(failure);
      });
      spend(record.usage);
      return record.result;
    };
  }
}

/** Aborted when the attempt or the caller is. */
export function attemptSignal(ofCaller: AbortSignal | undefined): AbortSignal | undefined {
  const signals = [attemptHere()?.signal, ofCaller].filter((signal) => signal !== undefined);
  return signals.length > 1 ? AbortSignal.any(signals) : signals[0];
}

async function recordable<R>(call: () => PromiseLike<R>, ofCaller: AbortSignal | undefined): Promise<R> {
  try {
    return await call();
  } catch (error) {
    throw ofCaller?.aborted === true ? abortError(error) : forRecord(error);
  }
}
