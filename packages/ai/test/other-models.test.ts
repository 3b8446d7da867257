import {
  embed,
  embedMany,
  generateImage,
  generateSpeech,
  rerank,
  transcribe,
  type ImageModel,
  type TranscriptionModel,
} from "ai";
import {
  MockEmbeddingModelV4,
  MockImageModelV4,
  MockRerankingModelV4,
  MockSpeechModelV4,
  MockTranscriptionModelV4,
} from "ai/test";
import { close, start } from "perdure";
import {
  durableEmbeddingModel,
  durableImageModel,
  durableRerankingModel,
  durableSpeechModel,
  durableTranscriptionModel,
  usageOf,
} from "perdure-ai";
import { crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

beforeEach(() => void setup());
afterEach(() => close());

const response = { timestamp: new Date(0), modelId: "mock", headers: { secret: "secret" } };

const embedding = durableEmbeddingModel(
  new MockEmbeddingModelV4({
    maxEmbeddingsPerCall: 2,
    doEmbed: async ({ values }) => ({
      embeddings: values.map((value) => [value.length]),
      usage: { tokens: values.length },
      warnings: [],
      response,
    }),
  }),
  { name: "embedder", price: { input: 10, output: 0 } },
);
const image = durableImageModel(
  new MockImageModelV4({
    doGenerate: async () => ({ images: [new Uint8Array([1, 2, 3])], warnings: [], response }),
  }) as Exclude<ImageModel, string>,
  { name: "painter" },
);
const speech = durableSpeechModel(
  new MockSpeechModelV4({ doGenerate: async () => ({ audio: new Uint8Array([4, 5]), warnings: [], response }) }),
  { name: "speaker" },
);
const transcription = durableTranscriptionModel(
  new MockTranscriptionModelV4({
    doGenerate: async () => ({
      text: "Hello.",
      segments: [],
      language: "en",
      durationInSeconds: 1,
      warnings: [],
      response,
    }),
  }) as Exclude<TranscriptionModel, string>,
  { name: "listener" },
);
const reranking = durableRerankingModel(
  new MockRerankingModelV4({
    doRerank: async ({ documents }) => ({
      ranking: documents.values.map((_, index) => ({ index, relevanceScore: index })).reverse(),
      response,
    }),
  }),
  { name: "judge" },
);

async function all() {
  "use workflow";
  const one = await embed({ model: embedding, value: "abc" });
  const many = await embedMany({ model: embedding, values: ["a", "ab", "abc"] });
  const picture = await generateImage({ model: image, prompt: "a whale" });
  const audio = await generateSpeech({ model: speech, text: "Hello." });
  const heard = await transcribe({ model: transcription, audio: new Uint8Array([1]) });
  const ranked = await rerank({ model: reranking, query: "b", documents: ["a", "b"] });
  return [
    one.embedding,
    many.embeddings,
    picture.image.uint8Array,
    audio.audio.uint8Array,
    heard.text,
    ranked.rerankedDocuments,
  ];
}

const steps = [
  "embedder.embed[0]",
  "embedder.embed[1]",
  "embedder.embed[2]",
  "painter.image[0]",
  "speaker.speech[0]",
  "listener.transcribe[0]",
  "judge.rerank[0]",
];

test("calls of other models are steps, without the headers of their responses", async () => {
  const run = await start(all, []);
  expect(await run.result()).toEqual([
    [3],
    [[1], [2], [3]],
    new Uint8Array([1, 2, 3]),
    new Uint8Array([4, 5]),
    "Hello.",
    ["b", "a"],
  ]);
  const recorded = await run.steps();
  expect(recorded.map(({ id }) => id)).toEqual(steps);
  expect(JSON.stringify(recorded)).not.toMatch("secret");
  expect(await usageOf(run)).toMatchObject({ totalTokens: 4, cost: 40 / 1e6 });
});

test("a crash at any durable write repeats none of them", async () => {
  const report = await crashEverywhere(all, []);
  expect(report.steps).toEqual(steps.map((id) => `crash-everywhere ${id}`));
});
