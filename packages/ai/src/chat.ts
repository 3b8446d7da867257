import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import { EventSourceParserStream, type EventSourceMessage } from "eventsource-parser/stream";

/** Options of `RunChatTransport`. */
export interface RunChatTransportOptions {
  /** Where messages are sent to, with POST. The answer is the stream of the run, as `toResponse` makes it. Default `"/api/chat"`. */
  readonly api?: string;
  /** Where the stream of a chat continues, with GET. Default: `api`, the id of the chat, and `/stream`. */
  readonly streamUrl?: (chatId: string) => string;
  /** Headers of each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often in a row a connection is made again on which the server has said nothing. Default 60. */
  readonly retries?: number;
  /** Milliseconds before it is made again. Default 1000. */
  readonly retryDelay?: number;
  readonly fetch?: typeof globalThis.fetch;
}

type Send<M extends UIMessage> = Parameters<ChatTransport<M>["sendMessages"]>[0];
type Reconnect<M extends UIMessage> = Parameters<ChatTransport<M>["reconnectToStream"]>[0];

type HeadersOf = ConstructorParameters<typeof Headers>[0] | undefined;

/** Opens the stream after the event with this id. */
type Open = (after: number | undefined) => Promise<Response>;

/**
 * A transport for `useChat` that reads the stream of a run: where a connection breaks, or the server is restarted, it continues after the last chunk that it has received.
 * Chunks of an attempt that was tried again are taken back.
 */
export class RunChatTransport<M extends UIMessage = UIMessage> implements ChatTransport<M> {
  readonly resumeStreamIsReplay = true;
  private readonly options: RunChatTransportOptions;

  constructor(options: RunChatTransportOptions = {}) {
    this.options = options;
  }

  async sendMessages({
    chatId,
    messages,
    trigger,
    messageId,
    abortSignal,
    headers,
    body,
  }: Send<M>): Promise<ReadableStream<UIMessageChunk>> {
    const { api = "/api/chat" } = this.options;
    const leaving = new AbortController();
    const signal = either(leaving.signal, abortSignal);
    const response = await this.request(api, headers, signal, {
      method: "POST",
      body: JSON.stringify({ ...body, id: chatId, messages, trigger, messageId }),
    });
    return this.chunks(response, this.opener(chatId, headers, signal), signal, leaving);
  }

  /** The stream of the latest run of the chat, from its first chunk; null where the server answers 204: there is none. */
  async reconnectToStream({
    chatId,
    abortSignal,
    headers,
  }: Reconnect<M>): Promise<ReadableStream<UIMessageChunk> | null> {
    const leaving = new AbortController();
    const signal = either(leaving.signal, abortSignal);
    const open = this.opener(chatId, headers, signal);
    const response = await open(undefined);
    return response.status === 204 ? null : this.chunks(response, open, signal, leaving);
  }

  private opener(chatId: string, headers: HeadersOf, signal: AbortSignal): Open {
    const { api = "/api/chat", streamUrl = (id) => `${api}/${encodeURIComponent(id)}/stream` } = this.options;
    return (after) =>
      this.request(
        streamUrl(chatId),
        headers,
        signal,
        {},
        after === undefined ? {} : { "last-event-id": String(after) },
      );
  }

  private async request(
    url: string,
    headers: HeadersOf,
    signal: AbortSignal,
    init: RequestInit,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { fetch = globalThis.fetch } = this.options;
    const all = { ...this.options.headers, ...Object.fromEntries(new Headers(headers)), ...more };
    const response = await fetch(url, {
      ...init,
      headers: { "content-type": "application/json", ...all },
      signal,
    });
    if (response.ok) return response;
    throw new Refusal(`${url} answered ${response.status}: ${await response.text()}`, response.status);
  }

  /** @param leaving - ends the connection when nobody reads the chunks any more: one that is idle would end with its next event */
  private chunks(
    first: Response,
    open: Open,
    signal: AbortSignal,
    leaving: AbortController,
  ): ReadableStream<UIMessageChunk> {
    const { retries = 60, retryDelay = 1000 } = this.options;
    const chunks = allChunks(first, open, { retries, retryDelay, signal });
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        leaving.abort();
        await chunks.return(undefined);
      },
    });
  }
}

const either = (one: AbortSignal, other: AbortSignal | undefined): AbortSignal =>
  other ? AbortSignal.any([one, other]) : one;

/** An answer of the server that is an error. */
class Refusal extends Error {
  /** Whether the same request may be answered later, as when the server is restarted. */
  readonly isTemporary: boolean;

  constructor(message: string, status: number) {
    super(message);
    this.isTemporary = status >= 500 || status === 408 || status === 425 || status === 429;
  }
}

interface Persistence {
  readonly retries: number;
  readonly retryDelay: number;
  readonly signal: AbortSignal;
}

/** The chunks of all connections to one stream. */
async function* allChunks(
  first: Response,
  open: Open,
  { retries, retryDelay, signal }: Persistence,
): AsyncGenerator<UIMessageChunk, void> {
  const message = new Message();
  let last: number | undefined;
  let failures = 0;
  for (let response: Response | undefined = first; ; response = undefined) {
    let failure: unknown;
    try {
      response ??= await open(last);
      if (response.status === 204) throw new Refusal("the stream of the chat is gone", response.status);
      for await (const event of eventsOf(response, () => (failures = 0))) {
        if (event.id !== undefined) last = Number(event.id);
        const { event: type = "message", data } = event;
        if (type === "end") return;
        yield* message.receive(last ?? -1, type, JSON.parse(data) as unknown);
        if (type === "error") return;
      }
      failure = new Error("the connection has ended before the stream");
    } catch (error) {
      if (signal.aborted || (error instanceof Refusal && !error.isTemporary)) throw error;
      failure = error;
    }
    if (++failures > retries) throw failure;
    await pause(retryDelay, signal);
    signal.throwIfAborted();
  }
}

/** Ends early when the signal is aborted. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** @param alive - called when the server has said something: `toResponse` begins with a comment, and repeats it while nothing happens */
async function* eventsOf({ body }: Response, alive: () => void): AsyncGenerator<EventSourceMessage> {
  const parser = new EventSourceParserStream({ onComment: alive });
  const reader = body?.pipeThrough(new TextDecoderStream()).pipeThrough(parser).getReader();
  try {
    for (let result = await reader?.read(); result?.done === false; result = await reader?.read()) {
      alive();
      yield result.value;
    }
  } finally {
    await reader?.cancel();
  }
}

/** The id of a step that is a call of a model. */
const MODEL_STEP = /\.(?:generate|stream)(?:~\d+)?\[\d+\]$/u;

/** What the browser has of the message, as far as a reset concerns it. */
class Message {
  private hasBegun = false;
  /** The index of the chunk with which the latest step of the model began. */
  private step = -1;
  /** Whether it has not ended. */
  private isOpen = false;
  /** Whether its chunks are void. The browser keeps its beginning. */
  private isReset = false;

  *receive(index: number, type: string, data: unknown): Generator<UIMessageChunk> {
    if (type === "reset") return yield* this.reset(data as StreamReset);
    if (type === "error") return yield { type: "error", errorText: (data as { readonly message: string }).message };
    const chunk = data as UIMessageChunk;
    switch (chunk.type) {
      case "start":
        // one stream is one message: with another id, the browser would show its parts twice
        if (!this.hasBegun) yield chunk;
        this.hasBegun = true;
        return;
      case "start-step":
        if (!this.isReset) yield chunk;
        this.step = index;
        this.isOpen = true;
        this.isReset = false;
        return;
      case "reset-step":
        // another model answers in place of one that has failed, which may have said nothing
        if (this.isOpen) yield* this.takeBack();
        return;
      case "finish-step":
        this.isOpen = false;
        yield chunk;
        return;
      default:
        yield chunk;
    }
  }

  /** Takes the latest step of the model back, if its chunks are void. Those of a tool are replaced by the next ones, as are those of the workflow or the task that calls them. */
  private *reset({ from, part }: StreamReset): Generator<UIMessageChunk> {
    const isOfModel = part === undefined || MODEL_STEP.test(part);
    if (this.step >= from && isOfModel) yield* this.takeBack();
  }

  private *takeBack(): Generator<UIMessageChunk> {
    if (!this.isReset) yield { type: "reset-step" };
    this.isReset = true;
  }
}

interface StreamReset {
  readonly from: number;
  readonly part?: string;
}
