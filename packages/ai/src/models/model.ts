import { gateway, wrapLanguageModel, type LanguageModel } from "ai";
import { CancelledError, PerdureError } from "perdure";
import { ModelCalls, type CallOptions, type ModelOptions } from "./call.ts";
import { AttemptChunks, chunksOf, closingOf, openingOf, partsOfContent, tell, type StreamOption } from "./chunks.ts";
import { attemptHere, executionHere } from "../run/in-run.ts";
import { withIdentity, withoutTransport, type Part, type WithResponse } from "./response.ts";
import type { ReportedUsage } from "../usage/usage.ts";

/** Options of `durableModel`. */
export interface DurableModelOptions extends ModelOptions {
  /** Models that are called in this order where the one before has failed for good. Each has retries of its own. */
  readonly fallback?: LanguageModel | readonly LanguageModel[];
  /** Writes what the model says to this stream of the run while it says it, as chunks of a UI message. Default: no stream. */
  readonly stream?: StreamOption;
}

/** A language model, without the id of one: of any version of the provider interface. */
type ModelObject = Exclude<LanguageModel, string>;

/** What of it is used here, in all versions. */
interface AnyModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: unknown;
  doGenerate(options: CallOptions): PromiseLike<GenerateResult>;
  doStream(options: CallOptions): PromiseLike<StreamResult>;
}

interface GenerateResult extends WithResponse {
  readonly content: readonly Part[];
  readonly usage: ReportedUsage;
}

interface StreamResult extends WithResponse {
  readonly stream: ReadableStream<Part>;
}

interface RecordedParts {
  readonly parts: readonly Part[];
  readonly usage: ReportedUsage | undefined;
}

/**
 * A language model whose calls are steps when it is called in a run: recorded once, with their usage, and not called again. Use it in place of `model` in
 * `generateText`, `streamText`, `ToolLoopAgent` and all other functions of the AI SDK. Outside of runs it is `model`.
 * @param model - of any provider; an id is that of a model of the AI SDK's default provider
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `DURATION_INVALID`
 */
export function durableModel(model: LanguageModel, options: DurableModelOptions = {}): ModelObject {
  const { fallback = [], stream = false, ...own } = options;
  const first = resolve(model);
  const name = own.name ?? first.modelId;
  const others = Array.isArray(fallback) ? (fallback as readonly LanguageModel[]) : [fallback as LanguageModel];
  const chain = [
    stepsOf(first, { ...own, name }, stream),
    ...others.map((other, index) => stepsOf(resolve(other), { ...own, name: `${name}.fallback${index + 1}` }, stream)),
  ];
  for (const { specificationVersion } of chain) {
    if (specificationVersion === first.specificationVersion) continue;
    const expected = `models of the provider interface ${first.specificationVersion}, like the first one`;
    throw new PerdureError("OPTION_INVALID", { option: "fallback", value: specificationVersion, expected });
  }
  return {
    specificationVersion: first.specificationVersion,
    provider: first.provider,
    modelId: first.modelId,
    get supportedUrls() {
      return first.supportedUrls;
    },
    doGenerate: (call: CallOptions) => firstThatAnswers(chain, call, stream, (each) => each.doGenerate(call)),
    doStream: (call: CallOptions) => firstThatAnswers(chain, call, stream, (each) => each.doStream(call)),
  } as unknown as ModelObject;
}

const provider = (): { languageModel(id: string): ModelObject } =>
  (globalThis as { AI_SDK_DEFAULT_PROVIDER?: { languageModel(id: string): ModelObject } }).AI_SDK_DEFAULT_PROVIDER ??
  gateway;

/** The model in the present version of the interface, where the AI SDK can give it that. */
function resolve(model: LanguageModel): AnyModel {
  const found = typeof model === "string" ? provider().languageModel(model) : model;
  const isOld = found.specificationVersion === "v2";
  return (isOld ? found : wrapLanguageModel({ model: found, middleware: {} as never })) as unknown as AnyModel;
}

async function firstThatAnswers<R>(
  chain: readonly AnyModel[],
  { abortSignal }: CallOptions,
  watched: StreamOption,
  call: (model: AnyModel) => PromiseLike<R>,
): Promise<R> {
  for (const [index, model] of chain.entries()) {
    try {
      return await call(model);
    } catch (error) {
      const isOver = index === chain.length - 1 || abortSignal?.aborted === true;
      if (isOver || error instanceof CancelledError || error instanceof PerdureError) throw error;
      tell(watched, { type: "reset-step" }); // what it has said is void
    }
  }
  throw new Error("there is no model");
}

function stepsOf(model: AnyModel, options: ModelOptions, watched: StreamOption): AnyModel {
  const calls = new ModelCalls(model, options);
  const generate = calls.method<GenerateResult>("generate");
  const stream = calls.method<RecordedParts>("stream");
  return {
    specificationVersion: model.specificationVersion,
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
    doGenerate: (call) =>
      generate(call, async (given) => {
        const result = await model.doGenerate(given);
        if (watched !== false && attemptHere()) await shown(watched, given, partsOfContent(result.content));
        return withoutTransport(result, model.modelId);
      }),
    async doStream(call) {
      if (!executionHere()) return model.doStream(call);
      const { parts } = await stream(call, async (given) => {
        const { stream: live } = await model.doStream(given);
        const all = await shown(watched, given, live);
        const usage = all.findLast(({ type }) => type === "finish")?.usage as ReportedUsage | undefined;
        return { parts: withIdentity(all, model.modelId), usage };
      });
      return { stream: streamOf(parts) };
    },
  };
}

/**
 * All parts, once watchers have them. An error that the model reports as a part fails the attempt, as one that it throws: the workflow has received none of the
 * parts.
 */
async function shown(
  watched: StreamOption,
  { prompt }: CallOptions,
  parts: AsyncIterable<Part> | Iterable<Part>,
): Promise<Part[]> {
  const watchers = watched === false ? undefined : new AttemptChunks(watched);
  try {
    const all: Part[] = [];
    await watchers?.write(openingOf(prompt, attemptHere()?.idempotencyKey));
    for await (const part of parts) {
      if (part.type === "error") throw part.error;
      all.push(part);
      await watchers?.write(chunksOf(part));
    }
    await watchers?.write(closingOf(all));
    return all;
  } finally {
    watchers?.release();
  }
}

/** A stream that waits for nothing: whoever reads it is done within the same turn of the event loop, in a replay as in the first execution. */
function streamOf(parts: readonly Part[]): ReadableStream<Part> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}
