import { ModelCalls, type CallOptions, type ModelOptions, type ModelRecord, type NamedModel } from "./call.ts";
import { withoutTransport, type WithResponse } from "./response.ts";
import type { ReportedUsage } from "../usage/usage.ts";

interface Result extends WithResponse {
  readonly usage?: ReportedUsage | undefined;
}

/** A model with this method, of any version of the provider interface. */
type With<K extends string> = NamedModel & Readonly<Record<K, (...args: never[]) => unknown>>;

type Method = (options: CallOptions) => PromiseLike<Result>;

/** The model with one of its methods as steps. */
function withSteps<M extends NamedModel>(model: M, options: ModelOptions, kind: ModelRecord["ai"], method: string): M {
  const calls = new ModelCalls(model, options).method<Result>(kind);
  const call = (given: CallOptions): PromiseLike<Result> =>
    calls(given, async (each) =>
      withoutTransport(await (model as unknown as Record<string, Method>)[method]!(each), model.modelId),
    );
  return new Proxy(model, {
    get: (target, key) => (key === method ? call : (Reflect.get(target, key, target) as unknown)),
  });
}

/** An embedding model whose calls are steps when it is called in a run. `embedMany` makes one step for each of its calls. */
export const durableEmbeddingModel = <M extends With<"doEmbed">>(model: M, options: ModelOptions = {}): M =>
  withSteps(model, options, "embed", "doEmbed");

/** An image model whose calls are steps when it is called in a run. The images are in the record. */
export const durableImageModel = <M extends With<"doGenerate">>(model: M, options: ModelOptions = {}): M =>
  withSteps(model, options, "image", "doGenerate");

/** A speech model whose calls are steps when it is called in a run. The audio is in the record. */
export const durableSpeechModel = <M extends With<"doGenerate">>(model: M, options: ModelOptions = {}): M =>
  withSteps(model, options, "speech", "doGenerate");

/** A transcription model whose calls are steps when it is called in a run. */
export const durableTranscriptionModel = <M extends With<"doGenerate">>(model: M, options: ModelOptions = {}): M =>
  withSteps(model, options, "transcribe", "doGenerate");

/** A reranking model whose calls are steps when it is called in a run. */
export const durableRerankingModel = <M extends With<"doRerank">>(model: M, options: ModelOptions = {}): M =>
  withSteps(model, options, "rerank", "doRerank");
