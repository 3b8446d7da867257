import type { FinishReason, ProviderMetadata, UIMessageChunk } from "ai";
import { writable } from "perdure";
import { executionHere } from "../run/in-run.ts";
import type { Part } from "./response.ts";

/** The stream of the run that watchers read: `true` is its default stream. */
export type StreamOption = boolean | string;

const streamNamed = (stream: string | true): WritableStream<UIMessageChunk> =>
  writable<UIMessageChunk>(stream === true ? undefined : stream);

/** Writes for watchers what an attempt brings, while it brings it. Of an attempt that is tried again, they are told that it is void. */
export class AttemptChunks {
  private readonly writer: WritableStreamDefaultWriter<UIMessageChunk>;

  constructor(stream: string | true) {
    this.writer = streamNamed(stream).getWriter();
  }

  /** Waits while too many chunks await their commit. */
  async write(chunks: readonly UIMessageChunk[]): Promise<void> {
    for (const chunk of chunks) await this.writer.write(chunk);
  }
}

/** Writes for watchers what the workflow has received. A replay does not write it again. */
export function tell(stream: StreamOption | undefined, chunk: UIMessageChunk): void {
  if (stream === undefined || stream === false) return;
  const execution = executionHere();
  if (execution && chunk.type.startsWith("tool-output-") && "toolCallId" in chunk)
    awaited.get(execution)?.delete(keyOf(stream, chunk.toolCallId));
  const writer = streamNamed(stream).getWriter();
  writer.write(chunk).catch(() => {}); // the run has ended, or is not here any more
}

/** What a browser shows of a part of a stream. What the provider adds to a part comes back with the next message of the user, and the provider may insist on it. */
export function chunksOf(part: Part): UIMessageChunk[] {
  const { providerMetadata } = part as { readonly providerMetadata?: ProviderMetadata };
  const chunk = chunkOf(part);
  if (!chunk) return [];
  return [providerMetadata === undefined ? chunk : ({ ...chunk, providerMetadata } as UIMessageChunk)];
}

function chunkOf(part: Part): UIMessageChunk | undefined {
  switch (part.type) {
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "reasoning-end":
      return { type: part.type, id: String(part.id) };
    case "text-delta":
    case "reasoning-delta":
      return { type: part.type, id: String(part.id), delta: String(part.delta) };
    case "tool-input-start":
      return { type: "tool-input-start", toolCallId: String(part.id), ...nameOf(part), ...flagsOf(part) };
    case "tool-input-delta":
      return { type: "tool-input-delta", toolCallId: String(part.id), inputTextDelta: String(part.delta) };
    case "tool-call":
      return {
        type: "tool-input-available",
        ...callOf(part),
        ...nameOf(part),
        input: inputOf(part["input"]),
        ...flagsOf(part),
      };
    case "tool-result":
      return resultOf(part);
    case "tool-approval-request":
      return { type: "tool-approval-request", approvalId: String(part["approvalId"]), ...callOf(part) };
    case "source":
      return sourceOf(part);
    case "file":
    case "reasoning-file":
      return { type: part.type, mediaType: String(part["mediaType"]), url: urlOf(part) };
    case "custom":
      return { type: "custom", kind: part["kind"] as `${string}.${string}` };
    default:
      return undefined;
  }
}

const callOf = (part: Part): { toolCallId: string } => ({ toolCallId: String(part["toolCallId"]) });

const nameOf = (part: Part): { toolName: string } => ({ toolName: String(part["toolName"]) });

const flagsOf = (part: Part): { providerExecuted?: boolean; dynamic?: boolean } => ({
  ...(part["providerExecuted"] === true && { providerExecuted: true }),
  ...(part["dynamic"] === true && { dynamic: true }),
});

/** The result of a tool that the provider has executed. */
function resultOf(part: Part): UIMessageChunk {
  const result = part["result"] ?? null;
  const about = { ...callOf(part), ...flagsOf(part), providerExecuted: true };
  if (part["isError"] !== true)
    return {
      type: "tool-output-available",
      ...about,
      output: result,
      ...(part["preliminary"] === true && { preliminary: true }),
    };
  return {
    type: "tool-output-error",
    ...about,
    errorText: typeof result === "string" ? result : JSON.stringify(result),
  };
}

/** The input as JSON, or as the model wrote it where that is none. */
function inputOf(input: unknown): unknown {
  if (typeof input !== "string") return input;
  try {
    return input.trim() === "" ? {} : (JSON.parse(input) as unknown);
  } catch {
    return input;
  }
}

function sourceOf(part: Part): UIMessageChunk {
  const { id, url, mediaType, title, filename } = part as Record<string, string | undefined>;
  const about = { sourceId: String(id) };
  if (url !== undefined) return { type: "source-url", ...about, url, ...(title !== undefined && { title }) };
  const named = filename !== undefined && { filename };
  return { type: "source-document", ...about, mediaType: String(mediaType), title: title ?? "", ...named };
}

/** The URL of a file, whose data the several versions of the provider interface have in different places. */
function urlOf({ data, mediaType }: Part): string {
  const inner = (data as { readonly data?: unknown; readonly url?: unknown } | undefined) ?? {};
  const found = data instanceof Uint8Array || typeof data === "string" ? data : (inner.data ?? inner.url);
  if (found instanceof Uint8Array) return `data:${String(mediaType)};base64,${Buffer.from(found).toString("base64")}`;
  return typeof found === "string" ? `data:${String(mediaType)};base64,${found}` : String(found);
}

/** The same parts for an answer that did not come as a stream. */
export function partsOfAnswer({ content, finishReason }: { content: readonly Part[]; finishReason: unknown }): Part[] {
  const parts = content.flatMap((part, index) => {
    if (part.type !== "text" && part.type !== "reasoning") return [part];
    const { text, type, ...rest } = part;
    const id = String(index);
    return [
      { ...rest, type: `${type}-start`, id },
      { type: `${type}-delta`, id, delta: String(text) },
      { ...rest, type: `${type}-end`, id },
    ];
  });
  return [...parts, { type: "finish", finishReason }];
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
  if (parts.some(isForProgram)) return [{ type: "finish-step" }];
  return [{ type: "finish-step" }, { type: "finish", ...reasonOf(parts.findLast(({ type }) => type === "finish")) }];
}

/** Why the model has ended, as the several versions of the provider interface have it. */
function reasonOf(finish: Part | undefined): { finishReason?: FinishReason } {
  const given = finish?.["finishReason"];
  const reason = typeof given === "object" ? (given as { readonly unified?: unknown } | null)?.unified : given;
  return typeof reason === "string" ? { finishReason: reason as FinishReason } : {};
}

const isForProgram = (part: Part): boolean => part.type === "tool-call" && part["providerExecuted"] !== true;

/** By execution: the calls of tools, with their streams, whose outputs watchers wait for. */
const awaited = new WeakMap<object, Set<string>>();

const keyOf = (stream: StreamOption, toolCallId: unknown): string => JSON.stringify([stream, toolCallId]);

/** The model has asked for these tools. */
export function awaitOutputs(stream: StreamOption, parts: readonly Part[]): void {
  const execution = executionHere();
  if (!execution || stream === false) return;
  const calls = awaited.get(execution) ?? new Set();
  for (const part of parts.filter(isForProgram)) calls.add(keyOf(stream, part["toolCallId"]));
  awaited.set(execution, calls);
}

/**
 * Of calls that the AI SDK has refused, since there is no such tool or its input is wrong, watchers learn that they have failed when the model does. (What a tool returns that writes to no
 * stream is none of their business.)
 */
export function tellRefusals(stream: StreamOption, prompt: unknown): void {
  const execution = executionHere();
  if (!execution || stream === false) return;
  const results = (prompt as readonly PromptMessage[]).flatMap(({ role, content }) => (role === "tool" ? content : []));
  for (const { toolCallId, output } of results) {
    const isAwaited = awaited.get(execution)?.has(keyOf(stream, toolCallId)) === true;
    if (isAwaited && output?.type.startsWith("error-") === true) tell(stream, toolFailed(toolCallId));
  }
}

interface PromptMessage {
  readonly role: string;
  readonly content: readonly { readonly toolCallId: string; readonly output?: { readonly type: string } }[];
}

/** What an error says may be a secret. */
export const toolFailed = (toolCallId: string): UIMessageChunk => ({
  type: "tool-output-error",
  toolCallId,
  errorText: "An error occurred.",
});
