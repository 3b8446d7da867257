import { inspect } from "node:util";
import { APICallError, generateText, LoadAPIKeyError, streamText } from "ai";
import { simulateReadableStream } from "ai/test";
import { close, queue, start } from "perdure";
import { durableModel, usageOf } from "perdure-ai";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mockModel, text } from "./models.ts";

const silent = { logger: { warn() {}, error() {}, info() {}, debug() {} } };
beforeEach(() => void setup(silent));
afterEach(() => close());

const refusal = (statusCode: number, headers: Record<string, string> = {}): APICallError =>
  new APICallError({
    message: `status ${statusCode}`,
    url: "https://api.example.com/v1/messages?key=secret",
    requestBodyValues: { prompt: "secret" },
    statusCode,
    responseHeaders: { "set-cookie": "secret", ...headers },
    responseBody: "overloaded",
  });

const failing = vi.fn<() => void>();
const base = mockModel(() => text("Hello."), { before: () => failing() });
beforeEach(() => void failing.mockReset());

const model = durableModel(base, { name: "chat", retries: 2 });

async function ask() {
  "use workflow";
  return (await generateText({ model, prompt: "Hi" })).text;
}

async function askAndTell() {
  "use workflow";
  try {
    return (await generateText({ model, prompt: "Hi" })).text;
  } catch (error) {
    if (!APICallError.isInstance(error)) throw error;
    return { name: error.name, status: error.statusCode, retry: error.isRetryable, body: error.responseBody };
  }
}

test("a call that fails is tried again after a durable wait, and as often as the model says", async () => {
  failing.mockImplementationOnce(() => {
    throw refusal(503);
  });
  const run = await start(ask, []);
  await advance("1s");
  expect(failing).toHaveBeenCalledTimes(1);
  await advance("1s");
  expect(await run.result()).toBe("Hello.");
  expect(failing).toHaveBeenCalledTimes(2);
});

test("the wait is the one that the provider asks for", async () => {
  failing.mockImplementationOnce(() => {
    throw refusal(429, { "Retry-After": "90" });
  });
  const run = await start(ask, []);
  await advance("89s");
  expect(failing).toHaveBeenCalledTimes(1);
  await advance("1s");
  expect(await run.result()).toBe("Hello.");
});

test("after the last retry the SDK gets the provider's error, and does not try again on its own", async () => {
  failing.mockImplementation(() => {
    throw refusal(529, { "retry-after-ms": "500" });
  });
  const run = await start(askAndTell, []);
  await advance("1m");
  expect(await run.result()).toEqual({ name: "AI_APICallError", status: 529, retry: false, body: "overloaded" });
  expect(failing).toHaveBeenCalledTimes(3);
  const steps = await run.steps();
  expect(steps.map(({ id, state }) => [id, state])).toEqual([["chat.generate[0]", "failed"]]);
  expect(JSON.stringify(steps)).not.toMatch("secret");
});

test.each(["soon", "-5", "", "Infinity"])("a wait that cannot be read (%s) is left to the backoff", async (value) => {
  failing.mockImplementationOnce(() => {
    throw refusal(429, { "retry-after": value, "retry-after-ms": value });
  });
  const run = await start(ask, []);
  await advance("1m");
  expect(await run.result()).toBe("Hello.");
});

test.each([
  ["a mistake of the program", () => new LoadAPIKeyError({ message: "there is no key" })],
  ["an error that says so", () => Object.assign(new Error("unknown model"), { isRetryable: false })],
])("%s is not tried again", async (_, error) => {
  failing.mockImplementation(() => {
    throw error();
  });
  const run = await start(ask, []);
  await expect(run.result()).rejects.toMatchObject({ message: error().message });
  expect(failing).toHaveBeenCalledTimes(1);
});

test("the error of a gateway holds no secret of the provider's that it was caused by", async () => {
  failing.mockImplementation(() => {
    throw Object.assign(new Error("bad gateway", { cause: refusal(502) }), { isRetryable: false });
  });
  const run = await start(ask, []);
  await expect(run.result()).rejects.toMatchObject({ message: "bad gateway", cause: { statusCode: 502 } });
  expect(inspect(await run.steps(), { depth: 9 })).not.toMatch("secret");
});

test("a request that the provider refuses for good is not repeated", async () => {
  failing.mockImplementation(() => {
    throw refusal(400);
  });
  const run = await start(askAndTell, []);
  expect(await run.result()).toMatchObject({ status: 400 });
  expect(failing).toHaveBeenCalledTimes(1);
  failing.mockClear();
  await crashEverywhere(askAndTell, [], { options: silent });
});

const chunks = [
  { type: "text-start", id: "1" },
  { type: "text-delta", id: "1", delta: "Hel" },
] as const;

async function stream() {
  "use workflow";
  const result = streamText({ model, prompt: "Hi" });
  let all = "";
  for await (const delta of result.textStream) all += delta;
  return all;
}

test.each([
  [
    "reports an error as a part",
    () => simulateReadableStream({ chunks: [...chunks, { type: "error", error: refusal(529) } as const] }),
  ],
  [
    "breaks off",
    () =>
      new ReadableStream({
        pull(controller) {
          controller.error(new Error("socket hang up"));
        },
      }),
  ],
  ["ends without its end", () => simulateReadableStream({ chunks: [...chunks] })],
])("a stream that %s in the middle is tried again, and the workflow sees no token twice", async (_, broken) => {
  const doStream = vi.spyOn(base, "doStream").mockImplementationOnce(async () => ({ stream: broken() }) as never);
  const run = await start(stream, []);
  await advance("1m");
  expect(await run.result()).toBe("Hello.");
  expect(doStream).toHaveBeenCalledTimes(2);
  doStream.mockRestore();
});

const other = mockModel(() => text("Good day."), { modelId: "other" });
const withFallback = durableModel(base, {
  name: "chat",
  retries: 1,
  fallback: [other],
  price: { input: 1, output: 10 },
});

async function askEither(how: "generate" | "stream") {
  "use workflow";
  if (how === "generate") return (await generateText({ model: withFallback, prompt: "Hi" })).text;
  let all = "";
  for await (const delta of streamText({ model: withFallback, prompt: "Hi" }).textStream) all += delta;
  return all;
}

test.each(["generate", "stream"] as const)("%s: the next model answers when the last retry has failed", async (how) => {
  failing.mockImplementation(() => {
    throw refusal(503);
  });
  const run = await start(askEither, [how]);
  await advance("1m");
  expect(await run.result()).toBe("Good day.");
  expect((await run.steps()).map(({ id, attempts }) => [id, attempts])).toEqual([
    [`chat.${how}[0]`, 2],
    [`chat.fallback1.${how}[0]`, 1],
  ]);
  expect(await usageOf(run)).toMatchObject({ totalTokens: 110, cost: 200 / 1e6, steps: [{ modelId: "other" }] });
  await crashEverywhere(askEither, [how], { options: silent });
});

const cheap = durableModel(other, { name: "cheap", price: { input: 2, output: 2 }, retries: 0 });
const withDurableFallback = durableModel(base, { name: "chat", retries: 1, fallback: cheap });

async function askCheap() {
  "use workflow";
  return (await generateText({ model: withDurableFallback, prompt: "Hi" })).text;
}

test("a fallback that is durable keeps its price and its retries, and is counted once", async () => {
  failing.mockImplementation(() => {
    throw refusal(503);
  });
  const run = await start(askCheap, []);
  await advance("1m");
  expect(await run.result()).toBe("Good day.");
  expect(await usageOf(run)).toMatchObject({
    totalTokens: 110,
    cost: 220 / 1e6,
    steps: [{ step: "chat.fallback1.generate[0]" }],
  });
});

let aborting = new AbortController();

async function askAndAbort() {
  "use workflow";
  // perdure-ignore WORKFLOW_STATE: the model aborts the call of this execution
  const { signal } = (aborting = new AbortController());
  return generateText({ model: withFallback, prompt: "Hi", abortSignal: signal }).then(
    ({ text: answer }) => answer,
    ({ name }: Error) => name,
  );
}

test.each(["AbortError", "TimeoutError"])(
  "a call that its caller has aborted (%s) is not made again, not by a fallback, and not in a replay",
  async (name) => {
    failing.mockImplementation(() => {
      const reason = new DOMException("enough", name);
      aborting.abort(reason);
      throw reason;
    });
    const run = await start(askAndAbort, []);
    expect(await run.result()).toBe("AbortError");
    expect((await run.steps()).map(({ id, attempts }) => [id, attempts])).toEqual([["chat.generate[0]", 1]]);
    await crashEverywhere(askAndAbort, [], { options: silent });
  },
);

test("a fallback of another version of the interface is refused where the model is made", () => {
  const old = { ...base, specificationVersion: "v2" } as never;
  expect(() => durableModel(base, { fallback: old })).toThrowError(expect.objectContaining({ code: "OPTION_INVALID" }));
});

test("an option that does not exist is refused where the model is made", () => {
  expect(() => durableModel(base, { retrys: 3 } as never)).toThrowError(/retrys/);
});

const limited = durableModel(base, { name: "limited", budget: { tokens: 250 } });

async function spendAll() {
  "use workflow";
  for (let n = 1; ; n++) {
    try {
      await generateText({ model: limited, prompt: `${n}` });
    } catch (error) {
      return [n, (error as { code?: string }).code, (error as Error).message];
    }
  }
}

test("a budget ends with the call that exceeds it, and counts the same after a crash at any durable write", async () => {
  const run = await start(spendAll, []);
  const message = "the model limited is not called: the run has used 330 of its budget of 250 tokens";
  expect(await run.result()).toEqual([4, "AI_BUDGET_SPENT", expect.stringContaining(message)]);
  const report = await crashEverywhere(spendAll, []);
  expect(report.steps).toHaveLength(3);
});

async function spendMoney() {
  "use workflow";
  const price = { input: 1, output: 10 };
  const cheap = durableModel(base, { name: "cheap", price });
  const dear = durableModel(base, { name: "dear", price, budget: { cost: 0.0004 } });
  await generateText({ model: cheap, prompt: "1" });
  await generateText({ model: dear, prompt: "2" });
  await generateText({ model: dear, prompt: "3" });
}

test("a budget of money counts what all models of the run cost, and the run fails with its error", async () => {
  const run = await start(spendMoney, []);
  await expect(run.result()).rejects.toMatchObject({ code: "AI_BUDGET_SPENT" });
  expect(await usageOf(run)).toMatchObject({ cost: 0.0004 });
});

queue("provider", { concurrency: 1 });
let inFlight = 0;
let most = 0;
const counted = mockModel(() => text("Hello."), {
  async before() {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inFlight--;
  },
});
const queued = [1, 2].map((n) => durableModel(counted, { name: `queued${n}`, queue: "provider" }));

async function burst() {
  "use workflow";
  const asked = [...queued, ...queued].map((each, n) => generateText({ model: each, prompt: `${n}` }));
  return (await Promise.all(asked)).map(({ text: answer }) => answer);
}

test("the calls of all models of a provider keep the limits of its queue", async () => {
  const run = await start(burst, []);
  expect(await run.result()).toEqual(Array(4).fill("Hello."));
  expect(most).toBe(1);
});
