import { gateway, wrapLanguageModel, type LanguageModel } from "ai";
import { CancelledError, PerdureError } from "perdure";
import { ModelCalls, type CallOptions, type ModelOptions } from "./call.ts";
import {
  AttemptChunks,
  awaitOutputs,
  chunksOf,
  closingOf,
  openingOf,
  partsOfAnswer,
  tell,
  tellRefusals,
  type StreamOption,
} from "./chunks.ts";
import { isAbort } from "./failures.ts";
import { attemptHere, executionHere } from "../run/in-run.ts";
import { withIdentity, withoutTransport, type Part, type WithResponse } from "./response.ts";
import type { ReportedUsage } from "../usage/usage.ts";

/** Options of `durableModel`. */
export interface DurableModelOptions extends ModelOptions {
  /** Models that are called in this order where the one before has failed for good, with the same options. One that is made by `durableModel` keeps its own. */
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
  readonly finishReason: unknown;
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
  const others = Array.isArray(fallback) ? (fallback as readonly LanguageModel[]) : [fallback as LanguageModel];
  const first = resolve(model);
  const models = [
    { model: first, own },
    ...others.flatMap((other) => made.get(Object(other) as object) ?? [{ model: resolve(other), own }]),
  ];
  const name = own.name ?? first.modelId;
  const chain = models.map((each, index) =>
    stepsOf(each.model, { ...each.own, name: index === 0 ? name : `${name}.fallback${index}` }, stream),
  );
  for (const { specificationVersion } of chain) {
    if (specificationVersion === first.specificationVersion) continue;
    const expected = `models of the provider interface ${first.specificationVersion}, like the first one`;
    throw new PerdureError("OPTION_INVALID", { option: "fallback", value: specificationVersion, expected });
  }
  const durable = {
    specificationVersion: first.specificationVersion,
    provider: first.provider,
    modelId: first.modelId,
    get supportedUrls() {
      return first.supportedUrls;
    },
    doGenerate: (call: CallOptions) => firstThatAnswers(chain, call, stream, (each) => each.doGenerate(call)),
    doStream: (call: CallOptions) =>
      firstThatAnswers(chain, call, stream, (each) => each.doStream(call)).catch(failedStream),
  };
  made.set(durable, models);
  return durable as unknown as ModelObject;
}

/** By durable model: the models that it calls, with their options. As a fallback, it keeps these. */
const made = new WeakMap<WeakKey, readonly { readonly model: AnyModel; readonly own: ModelOptions }[]>();

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
  { prompt }: CallOptions,
  watched: StreamOption,
  call: (model: AnyModel) => PromiseLike<R>,
): Promise<R> {
  tellRefusals(watched, prompt);
  for (const [index, model] of chain.entries()) {
    try {
      return await call(model);
    } catch (error) {
      const isOver = index === chain.length - 1 || isAbort(error);
      if (isOver || error instanceof CancelledError || error instanceof PerdureError) throw error;
      tell(watched, { type: "reset-step" }); // what it has said is void
    }
  }
  throw new Error("there is no model");
}

/**
 * For the AI SDK, a call that rejects is a part of the stream: a loop whose last call was cancelled or has failed for good would end like one that is done, with the text of the call
 * before. A stream that fails makes `text` reject with the error, and whoever reads it.
 */
function failedStream(error: unknown): StreamResult {
  if (!executionHere()) throw error;
  return {
    stream: new ReadableStream({
      start(controller) {
        controller.error(error);
      },
    }),
  };
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
    async doGenerate(call) {
      const result = await generate(call, async (given) => {
        const watchers = watchersOf(watched);
        const answer = await model.doGenerate(given);
        if (watchers) await shown(watchers, given, partsOfAnswer(answer));
        return withoutTransport(answer, model.modelId);
      });
      awaitOutputs(watched, result.content);
      return result;
    },
    async doStream(call) {
      if (!executionHere()) return model.doStream(call);
      const { parts } = await stream(call, async (given) => {
        const watchers = watchersOf(watched);
        const { stream: live } = await model.doStream(given);
        const all = await shown(watchers, given, live);
        const finish = all.findLast(({ type }) => type === "finish");
        if (!finish) throw new Error(`the stream of ${model.modelId} broke off: it ended without a part "finish"`);
        return { parts: withIdentity(all, model.modelId), usage: finish.usage as ReportedUsage | undefined };
      });
      awaitOutputs(watched, parts);
      return { stream: streamOf(parts) };
    },
  };
}

/** Before the model is called and paid: a store without streams refuses them here. */
const watchersOf = (watched: StreamOption): AttemptChunks | undefined =>
  watched === false || !attemptHere() ? undefined : new AttemptChunks(watched);

/**
 * All parts, once watchers have them. An error that the model reports as a part fails the attempt, as one that it throws: the workflow has received none of the
 * parts.
 */
async function shown(
  watchers: AttemptChunks | undefined,
  { prompt }: CallOptions,
  parts: AsyncIterable<Part> | Iterable<Part>,
): Promise<Part[]> {
  const all: Part[] = [];
  await watchers?.write(openingOf(prompt, attemptHere()?.idempotencyKey));
  for await (const part of parts) {
    if (part.type === "error") throw part.error;
    all.push(part);
    await watchers?.write(chunksOf(part));
  }
  await watchers?.write(closingOf(all));
  return all;
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
