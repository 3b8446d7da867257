import { toJson } from "../show/index.ts";

/** A part of a message, of any version of the AI SDK's provider interface. */
export type Part =
  | { readonly type: "text" | "reasoning"; text: string }
  | { readonly type: "tool-call"; readonly id: string; readonly name: string; readonly input: unknown }
  | ({ readonly type: "tool-result"; readonly id: string; readonly name: string } & ToolResult)
  | { readonly type: "file"; readonly mediaType: string; readonly name?: string }
  | { readonly type: "source"; readonly title: string; readonly url?: string }
  | { readonly type: "other"; readonly value: unknown };

export type ToolCallPart = Extract<Part, { type: "tool-call" }>;

/** A tool result, as a prompt has it. */
export interface ToolResult {
  readonly state: "completed" | "failed" | "denied";
  readonly output: unknown;
}

type Role = "system" | "user" | "assistant" | "tool" | "other";

/** A message of a prompt. Most are not looked at, since each prompt repeats those before. */
export class Message {
  readonly role: Role;
  private readonly content: unknown;
  private knownKey: string | undefined;
  private knownParts: readonly Part[] | undefined;

  constructor(message: unknown) {
    const { role, content } = fieldsOf(message);
    this.role = ROLES.find((each) => each === role) ?? "other";
    this.content = this.role === "other" ? message : content;
  }

  get parts(): readonly Part[] {
    return (this.knownParts ??= partsOf(this.content));
  }

  /** The same for messages that say the same. Options for a provider, such as marks for its cache, may be others in the next call. */
  get key(): string {
    return (this.knownKey ??= JSON.stringify([this.role, toJson(this.content)], (name, value: unknown) =>
      name === "providerOptions" || name === "providerMetadata" ? undefined : value,
    ));
  }
}

const ROLES = ["system", "user", "assistant", "tool"] as const;

export type Fields = Readonly<Record<string, unknown>>;

/** The properties of an object; none of anything else, such as the text that a redacted value is replaced with. */
export const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** The messages of a prompt. Undefined: it is not recorded, or is redacted as a whole. */
export function messagesOf(prompt: unknown): readonly Message[] | undefined {
  if (!Array.isArray(prompt)) return undefined;
  return prompt.map((message: unknown) => new Message(message));
}

/** The parts of a message, or of a result of a model. */
export function partsOf(content: unknown): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  if (!Array.isArray(content)) return content === undefined ? [] : [{ type: "other", value: content }];
  return content.flatMap(partOf);
}

function partOf(part: unknown): Part[] {
  const fields = fieldsOf(part);
  const { type } = fields;
  switch (type) {
    case "text":
    case "reasoning": {
      const text = textOf(fields["text"]);
      return text === undefined ? [{ type: "other", value: part }] : text === "" ? [] : [{ type, text }];
    }
    case "tool-call":
      return [{ type, ...toolOf(fields), input: inputOf(fields["input"]) }];
    case "tool-result":
      return [{ type, ...toolOf(fields), ...resultOf(fields) }];
    case "file":
    case "reasoning-file": {
      const name = textOf(fields["filename"]);
      return [{ type: "file", mediaType: textOf(fields["mediaType"]) ?? "file", ...(name !== undefined && { name }) }];
    }
    case "source": {
      const url = textOf(fields["url"]);
      const title = textOf(fields["title"]) ?? url ?? "source";
      return [{ type, title, ...(url !== undefined && { url }) }];
    }
    case "tool-approval-request":
    case "tool-approval-response":
      return [];
    default:
      return [{ type: "other", value: part }];
  }
}

const toolOf = ({ toolCallId, toolName }: Fields): { readonly id: string; readonly name: string } => ({
  id: textOf(toolCallId) ?? "",
  name: textOf(toolName) ?? "tool",
});

/** A model gives the input as JSON; a prompt has it as a value. */
function inputOf(input: unknown): unknown {
  if (typeof input !== "string") return input;
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}

/** A prompt has an `output` of several types; a provider that executes tools itself has a `result`. */
function resultOf({ output, result, isError }: Fields): ToolResult {
  if (output === undefined) return { state: isError === true ? "failed" : "completed", output: result };
  const { type, value, reason } = fieldsOf(output);
  if (type === "execution-denied") return { state: "denied", output: reason };
  const isFailure = type === "error-text" || type === "error-json";
  return { state: isFailure ? "failed" : "completed", output: value ?? output };
}

/** What tells nothing to people, or is told by another part. */
const SILENT = new Set<unknown>([
  "stream-start",
  "response-metadata",
  "finish",
  "raw",
  "ping",
  "text-end",
  "reasoning-end",
  "tool-input-start",
  "tool-input-delta",
  "tool-input-end",
]);

/** The parts of a result that was streamed, each text in one piece. */
export function partsOfStream(chunks: unknown): Part[] {
  if (!Array.isArray(chunks)) return partsOf(chunks);
  const parts: Part[] = [];
  const open = new Map<string, { text: string }>();
  for (const chunk of chunks as unknown[]) {
    const { type, id, delta } = fieldsOf(chunk);
    const [, kind, what] = /^(text|reasoning)-(start|delta)$/u.exec(String(type)) ?? [];
    if (kind === "text" || kind === "reasoning") {
      const key = `${kind} ${String(id)}`;
      let part = what === "delta" ? open.get(key) : undefined;
      if (!part) {
        const begun = { type: kind, text: "" } satisfies Part;
        parts.push((part = begun));
        open.set(key, part);
      }
      part.text += textOf(delta) ?? "";
    } else if (!SILENT.has(type)) parts.push(...partOf(chunk));
  }
  return parts.filter((part) => !("text" in part) || part.text !== "");
}
