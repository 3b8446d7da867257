import type { Message, Part } from "./messages.ts";
import type { ModelCall } from "./model-calls.ts";

/** What a conversation consists of. */
export type ThreadItem =
  { readonly type: "message"; readonly message: Message } | { readonly type: "call"; readonly call: ModelCall };

/** Calls whose prompts continue each other. */
export interface Thread {
  readonly items: ThreadItem[];
  /** What the model was told of calls of tools, in further prompts. */
  readonly told: Message[];
  last: ModelCall;
}

/** Shares the calls out to conversations. Each message is in one once, though each prompt repeats those before. */
export function threadsOf(calls: readonly ModelCall[]): Thread[] {
  const threads: Thread[] = [];
  for (const call of calls) {
    const { thread, fresh } = bestOf(threads, call) ?? begin(threads, call);
    for (const message of fresh) {
      if (message.role === "tool") thread.told.push(message);
      else thread.items.push({ type: "message", message });
    }
    thread.items.push({ type: "call", call });
    thread.last = call;
  }
  return threads;
}

interface Match {
  readonly thread: Thread;
  /** The messages that the conversation does not have. */
  readonly fresh: readonly Message[];
  readonly score: number;
}

function begin(threads: Thread[], call: ModelCall): Match {
  const thread: Thread = { items: [], told: [], last: call };
  threads.push(thread);
  return { thread, fresh: call.prompt ?? [], score: 0 };
}

/** The conversation that the call continues. Of several, the one that matches best; of those, the one that was continued last. */
function bestOf(threads: readonly Thread[], call: ModelCall): Match | undefined {
  return threads
    .flatMap((thread) => matchOf(thread, call) ?? [])
    .toSorted((one, other) => other.score - one.score || began(other) - began(one))[0];
}

const began = ({ thread }: Match): number => thread.last.step.startedAt.getTime();

/** A fallback is called in place of the model that has failed. */
const withoutFallback = (name: string): string => name.replace(/\.fallback\d+$/u, "");

function matchOf(thread: Thread, { prompt, name, step }: ModelCall): Match | undefined {
  const { last } = thread;
  if (!prompt || !last.prompt) {
    const isSame = !prompt && !last.prompt && withoutFallback(last.name) === withoutFallback(name);
    return isSame ? { thread, fresh: [], score: 1 } : undefined;
  }
  const at = continuedAt(last.prompt, prompt);
  if (at === undefined) return undefined;
  const isLater = (last.step.finishedAt ?? last.step.startedAt) <= step.startedAt;
  const rest = prompt.slice(at);
  const [answer] = rest;
  if (!answer) return last.step.state !== "completed" && isLater ? { thread, fresh: [], score: 2 } : undefined;
  if (!isLater) return undefined;
  const isAnswer = answer.role === "assistant" && last.step.state === "completed";
  const score = isAnswer && saidIn(answer.parts) === saidIn(last.answer) ? 4 : at === last.prompt.length ? 3 : 2;
  return { thread, fresh: isAnswer ? rest.slice(1) : rest, score };
}

/**
 * How many messages of the prompt come before what is new in it. Undefined: it does not continue the other one. Messages before the last of these may be missing, where a long
 * conversation was cut.
 */
function continuedAt(before: readonly Message[], prompt: readonly Message[]): number | undefined {
  if (before.every(({ key }, at) => prompt[at]?.key === key)) return before.length;
  const anchor = before.at(-1);
  if (!anchor || anchor.role === "system" || systemOf(before) !== systemOf(prompt)) return undefined;
  const at = prompt.findLastIndex(({ key }) => key === anchor.key);
  return at < 0 ? undefined : at + 1;
}

const systemOf = (messages: readonly Message[]): string =>
  messages.flatMap(({ role, key }) => (role === "system" ? [key] : [])).join("\n");

/** Tells answers apart. */
const saidIn = (parts: readonly Part[]): string =>
  JSON.stringify([
    parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""),
    ...parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : [])),
  ]);
