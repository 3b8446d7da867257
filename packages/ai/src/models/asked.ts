/** A message of the prompt, as it is recorded: without the contents of files. */
export interface AskedMessage {
  readonly role: string;
  readonly content: string | readonly AskedPart[];
}

interface AskedPart {
  readonly type: string;
  readonly text?: string;
  readonly mediaType?: string;
  readonly filename?: string;
  readonly url?: string;
}

interface PromptPart extends AskedPart {
  readonly data?: unknown;
}

interface PromptMessage {
  readonly role: string;
  readonly content: string | readonly PromptPart[];
}

/**
 * What the user and the system have said since the model spoke last: in the steps of a conversation, each of their messages is once. Undefined where there is no such
 * message, and for models without a conversation.
 */
export function askedIn(prompt: unknown): AskedMessage[] | undefined {
  if (!Array.isArray(prompt)) return undefined;
  const messages = prompt as readonly PromptMessage[];
  const since = messages.findLastIndex(({ role }) => role === "assistant") + 1;
  const asked = messages.slice(since).filter(({ role }) => role === "user" || role === "system");
  return asked.length === 0
    ? undefined
    : asked.map(({ role, content }) => ({
        role,
        content: typeof content === "string" ? content : content.map(shortened),
      }));
}

function shortened({ type, text, mediaType, filename, data }: PromptPart): AskedPart {
  const url = urlIn(data);
  return {
    type,
    ...(text !== undefined && { text }),
    ...(mediaType !== undefined && { mediaType }),
    ...(filename !== undefined && { filename }),
    ...(url !== undefined && { url }),
  };
}

/** The URL of a file, as the several versions of the provider interface have it. */
function urlIn(data: unknown): string | undefined {
  const { url = data } = (data ?? {}) as { readonly url?: unknown };
  return url instanceof URL ? String(url) : undefined;
}
