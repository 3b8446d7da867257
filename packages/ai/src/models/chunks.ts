import type { UIMessageChunk } from "ai";
import { writable } from "perdure";
import type { Part } from "./response.ts";

/** The stream of the run that watchers read: `true` is its default stream. */
export type StreamOption = boolean | string;

const nameOf = (stream: string | true): string | undefined => (stream === true ? undefined : stream);

/** Writes for watchers what an attempt brings, while it brings it. Of an attempt that is tried again, they are told that it is void. */
export class AttemptChunks {
  private readonly writer: WritableStreamDefaultWriter<UIMessageChunk>;

  constructor(stream: string | true) {
    this.writer = writable<UIMessageChunk>(nameOf(stream)).getWriter();
  }

  /** Waits while too many chunks await their commit. */
  async write(chunks: readonly UIMessageChunk[]): Promise<void> {
    for (const chunk of chunks) await this.writer.write(chunk);
  }

  /** Others may write to the stream. */
  release(): void {
    this.writer.releaseLock();
  }
}

/** Writes for watchers what the workflow has received. A replay does not write it again. */
export function tell(stream: StreamOption | undefined, chunk: UIMessageChunk): void {
  if (stream === undefined || stream === false) return;
  const writer = writable<UIMessageChunk>(nameOf(stream)).getWriter();
  writer.write(chunk).catch(() => {}); // the run has ended, or is not here any more
  writer.releaseLock();
}

/** What a browser shows of a part of a stream. */
export function chunksOf(part: Part): UIMessageChunk[] {
  switch (part.type) {
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "reasoning-end":
      return [{ type: part.type, id: String(part.id) }];
    case "text-delta":
    case "reasoning-delta":
      return [{ type: part.type, id: String(part.id), delta: String(part.delta) }];
    case "tool-input-start":
      return [{ type: "tool-input-start", toolCallId: String(part.id), ...flagsOf(part) }];
    case "tool-input-delta":
      return [{ type: "tool-input-delta", toolCallId: String(part.id), inputTextDelta: String(part.delta) }];
    case "tool-call":
      return [{ type: "tool-input-available", ...callOf(part), input: inputOf(part["input"]), ...flagsOf(part) }];
    case "tool-result":
      return [{ type: "tool-output-available", ...callOf(part), output: part["result"], providerExecuted: true }];
    case "source":
      return sourceOf(part);
    case "file":
      return [{ type: "file", mediaType: String(part["mediaType"]), url: urlOf(part) }];
    default:
      return [];
  }
}

const callOf = (part: Part): { toolCallId: string } => ({ toolCallId: String(part["toolCallId"]) });

const flagsOf = (part: Part): { toolName: string; providerExecuted?: boolean; dynamic?: boolean } => ({
  toolName: String(part["toolName"]),
  ...(part["providerExecuted"] === true && { providerExecuted: true }),
  ...(part["dynamic"] === true && { dynamic: true }),
});

/** The input as JSON, or as the model wrote it where that is none. */
function inputOf(input: unknown): unknown {
  if (typeof input !== "string") return input;
  try {
    return input.trim() === "" ? {} : (JSON.parse(input) as unknown);
  } catch {
    return input;
  }
}

function sourceOf(part: Part): UIMessageChunk[] {
  const { id, url, mediaType, title } = part as Record<string, string | undefined>;
  const about = { sourceId: String(id) };
  if (url !== undefined) return [{ type: "source-url", ...about, url, ...(title !== undefined && { title }) }];
  return [{ type: "source-document", ...about, mediaType: String(mediaType), title: title ?? "" }];
}

/** The URL of a file, whose data the several versions of the provider interface have in different places. */
function urlOf({ data, mediaType }: Part): string {
  const inner = (data as { readonly data?: unknown; readonly url?: unknown } | undefined) ?? {};
  const found = data instanceof Uint8Array || typeof data === "string" ? data : (inner.data ?? inner.url);
  if (found instanceof Uint8Array) return `data:${String(mediaType)};base64,${Buffer.from(found).toString("base64")}`;
  return typeof found === "string" ? `data:${String(mediaType)};base64,${found}` : String(found);
}

/** The same parts for a result that did not come as a stream. */
export function partsOfContent(content: readonly Part[]): Part[] {
  return content.flatMap((part, index) => {
    if (part.type !== "text" && part.type !== "reasoning") return [part];
    const id = String(index);
    return [
      { type: `${part.type}-start`, id },
      { type: `${part.type}-delta`, id, delta: String(part["text"]) },
      { type: `${part.type}-end`, id },
    ];
  });
}

/** What comes before the parts of a call. The first call after a message of the user begins the message of the assistant. */
export function openingOf(prompt: unknown, messageId: string | undefined): UIMessageChunk[] {
  const last = (prompt as readonly { readonly role: string }[]).at(-1);
  const start =
    last?.role === "user" ? [{ type: "start" as const, ...(messageId !== undefined && { messageId }) }] : [];
  return [...start, { type: "start-step" }];
}

/** What comes after them. A call that asks for no tool of the program ends the message. */
export function closingOf(parts: readonly Part[]): UIMessageChunk[] {
  const goesOn = parts.some((part) => part.type === "tool-call" && part["providerExecuted"] !== true);
  return [{ type: "finish-step" }, ...(goesOn ? [] : [{ type: "finish" as const }])];
}
