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
  /** How often in a row it connects again without a word from the server. Default 60. */
  readonly retries?: number;
  /** Milliseconds before it connects again. Default 1000. */
  readonly retryDelay?: number;
  readonly fetch?: typeof globalThis.fetch;
}

type Send<M extends UIMessage> = Parameters<ChatTransport<M>["sendMessages"]>[0];
type Reconnect<M extends UIMessage> = Parameters<ChatTransport<M>["reconnectToStream"]>[0];
type Call = Pick<Send<UIMessage>, "chatId" | "headers"> & { readonly abortSignal?: AbortSignal | undefined };

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

  async sendMessages(call: Send<M>): Promise<ReadableStream<UIMessageChunk>> {
    const { chatId, messages, trigger, messageId, body } = call;
    const answer = new Answer(this.options, call);
    const sent = messages.map(withDecisions);
    return answer.readable(await answer.post({ ...body, id: chatId, messages: sent, trigger, messageId }));
  }

  /** The stream of the latest run of the chat, from its first chunk; null where the server answers 204: there is none. */
  async reconnectToStream(call: Reconnect<M>): Promise<ReadableStream<UIMessageChunk> | null> {
    const answer = new Answer(this.options, call);
    const response = await answer.get();
    return response.status === 204 ? null : answer.readable(response);
  }
}

/** The AI SDK 6 does not read a decision on a tool from the stream. Without it, `validateUIMessages` refuses the message. */
function withDecisions<M extends UIMessage>(message: M): M {
  const parts = message.parts.map((part) => {
    if (!("approval" in part) || !part.approval || !part.state.startsWith("output-")) return part;
    return { ...part, approval: { approved: part.state !== "output-denied", ...part.approval } };
  });
  return { ...message, parts };
}

/** One answer of the agent, read over as many connections as it takes. */
class Answer {
  private readonly options: RunChatTransportOptions;
  private readonly call: Call;
  private readonly cancelled = new AbortController();
  private readonly signal: AbortSignal;
  /** The id of the last event. */
  private last: number | undefined;
  /** How often in a row a connection was made again without a word from the server. */
  private again = -1;

  constructor(options: RunChatTransportOptions, call: Call) {
    const { signal } = this.cancelled;
    this.options = options;
    this.call = call;
    this.signal = call.abortSignal ? AbortSignal.any([call.abortSignal, signal]) : signal;
  }

  /** Sends the messages, once: the page shows that it has failed, and the user decides whether to send them again. */
  async post(body: object): Promise<Response> {
    const { api = "/api/chat" } = this.options;
    const response = await this.fetch(api, { method: "POST", body: JSON.stringify(body) });
    return checked(response, api);
  }

  /** Opens the stream after the last event, again and again while the server is away. */
  async get(): Promise<Response> {
    const { api = "/api/chat", retries = 60, retryDelay = 1000, streamUrl } = this.options;
    const { chatId } = this.call;
    const url = streamUrl?.(chatId) ?? `${api}/${encodeURIComponent(chatId)}/stream`;
    for (; ; await this.pause(retryDelay)) {
      const isLast = ++this.again >= retries;
      try {
        const response = await this.fetch(url, {}, this.last === undefined ? {} : { "last-event-id": `${this.last}` });
        if (isLast || !isTemporary(response)) return await checked(response, url);
        await response.body?.cancel();
      } catch (error) {
        if (isLast || this.signal.aborted || error instanceof Unreadable) throw error;
      }
    }
  }

  readable(first: Response): ReadableStream<UIMessageChunk> {
    const chunks = this.chunks(first);
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => this.cancelled.abort(reason),
    });
  }

  private fetch(url: string, init: RequestInit, more: Readonly<Record<string, string>> = {}): Promise<Response> {
    const { fetch = globalThis.fetch, headers } = this.options;
    const ofCall = Object.fromEntries(new Headers(this.call.headers));
    return fetch(url, {
      ...init,
      headers: { "content-type": "application/json", ...headers, ...ofCall, ...more },
      signal: this.signal,
    });
  }

  /** The chunks of all connections. */
  private async *chunks(first: Response): AsyncGenerator<UIMessageChunk, void> {
    const { retries = 60, retryDelay = 1000 } = this.options;
    const message = new Message();
    this.again = 0;
    for (let response = first; ; response = await this.get()) {
      if (response.status === 204) throw new Unreadable("the stream of the chat is gone");
      for await (const { id, event = "message", data } of this.eventsOf(response)) {
        if (id !== undefined) this.last = id === "" ? undefined : Number(id); // empty: from the beginning
        if (event === "end") return;
        yield* message.receive(this.last ?? -1, event, JSON.parse(data) as unknown);
        if (event === "error") return;
      }
      if (this.again >= retries) throw new Error("the connection has ended before the stream");
      await this.pause(retryDelay);
    }
  }

  /** The events of one connection, until it ends or breaks. `toResponse` begins with a comment, and repeats it while nothing happens. */
  private async *eventsOf({ body }: Response): AsyncGenerator<EventSourceMessage> {
    const heard = (): void => void (this.again = 0);
    const parser = new EventSourceParserStream({ onComment: heard });
    const reader = body?.pipeThrough(new TextDecoderStream()).pipeThrough(parser).getReader();
    try {
      for (let result = await reader?.read(); result?.done === false; result = await reader?.read()) {
        heard();
        yield result.value;
      }
    } catch (error) {
      if (this.signal.aborted) throw error;
    } finally {
      await reader?.cancel().catch(() => {}); // it may be broken
    }
  }

  /** Ends early when the reading is aborted. */
  private async pause(milliseconds: number): Promise<void> {
    const { signal } = this;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener("abort", end);
    });
    signal.throwIfAborted();
  }
}

/** What the server answers will not get better when it is asked again. */
class Unreadable extends Error {}

async function checked(response: Response, url: string): Promise<Response> {
  const { ok, status, headers } = response;
  if (!ok) throw new Unreadable(`${url} answered ${status}: ${await response.text()}`);
  const type = headers.get("content-type");
  if (status === 204 || type?.startsWith("text/event-stream") === true) return response;
  await response.body?.cancel();
  throw new Unreadable(`${url} answered with ${type ?? "no content type"}: return toResponse(run.readable()) from it`);
}

/** Whether the same request may be answered later, as when the server is restarted. */
const isTemporary = ({ status }: Response): boolean => status >= 500 || [408, 425, 429].includes(status);

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
