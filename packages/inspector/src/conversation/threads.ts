import type { StepInfo } from "perdure";
import type { Message, Part } from "./messages.ts";
import type { ModelCall } from "./model-calls.ts";

/** What a conversation consists of. */
export type ThreadItem =
  { readonly type: "message"; readonly message: Message } | { readonly type: "call"; readonly call: ModelCall };

/** Calls whose prompts continue each other. */
export interface Thread {
  readonly items: ThreadItem[];
  /** Tool results in later prompts. */
  readonly told: Message[];
  last: ModelCall;
}

/** Shares the calls out to conversations. Each message is in one once, though each prompt repeats those before. */
export function threadsOf(calls: readonly ModelCall[]): Thread[] {
  const threads: Thread[] = [];
  for (const call of calls) {
    const { thread, fresh } = bestOf(threads, call) ?? begin(threads, call);
    thread.told.push(...fresh.filter(({ role }) => role === "tool"));
    const messages = fresh.filter(({ role }) => role !== "tool");
    thread.items.splice(
      placeIn(thread, call),
      0,
      ...messages.map((message) => ({ type: "message" as const, message })),
    );
    thread.items.push({ type: "call", call });
    thread.last = call;
  }
  return threads;
}

/** Where the messages of a call belong. Calls that failed before it were told the same, and that is not recorded. */
function placeIn({ items }: Thread, { prompt }: ModelCall): number {
  if (prompt) return items.length;
  return items.findLastIndex((item) => item.type === "message" || item.call.step.state === "completed") + 1;
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
  return { thread, fresh: call.prompt ?? call.asked ?? [], score: 0 };
}

/** The conversation that the call continues. Of several, the one that matches best; of those, the one that was continued last. */
function bestOf(threads: readonly Thread[], call: ModelCall): Match | undefined {
  const matches = threads.flatMap((thread) => matchOf(thread, call) ?? []);
  if (matches.length < 2) return matches[0];
  const [best] = matches
    .map((match) => ({ match, score: match.score + (repeatsAll(match.thread, call) ? 0.5 : 0) }))
    .toSorted((one, other) => other.score - one.score || began(other.match) - began(one.match));
  return best?.match;
}

/** Comparing whole prompts takes long where they are. */
const repeatsAll = ({ last }: Thread, { prompt }: ModelCall): boolean =>
  (last.prompt ?? []).every(({ key }, at) => prompt?.[at]?.key === key);

const began = ({ thread }: Match): number => thread.last.step.startedAt.getTime();

function matchOf(thread: Thread, call: ModelCall): Match | undefined {
  const { last } = thread;
  if ((last.step.finishedAt ?? last.step.startedAt) > call.step.startedAt) return undefined;
  if (call.prompt && last.prompt) return matchOfPrompt(thread, last.prompt, last, call.prompt);
  return call.prompt || last.prompt ? undefined : matchWithoutPrompt(thread, call);
}

function matchOfPrompt(
  thread: Thread,
  before: readonly Message[],
  last: ModelCall,
  prompt: readonly Message[],
): Match | undefined {
  const at = continuedAt(before, prompt);
  if (at === undefined) return undefined;
  const rest = prompt.slice(at);
  const [answer] = rest;
  const hasAnswered = last.step.state === "completed";
  if (!answer) return hasAnswered ? undefined : { thread, fresh: [], score: 2 };
  const isAnswer = answer.role === "assistant" && hasAnswered;
  const score = isAnswer && saidIn(answer.parts) === saidIn(last.answer) ? 4 : at === before.length ? 3 : 2;
  return { thread, fresh: isAnswer ? rest.slice(1) : rest, score };
}

/**
 * How many messages of the prompt come before what is new in it. Undefined: it does not continue the other one. Messages before the last of these may be missing, where a long
 * conversation was cut.
 */
function continuedAt(before: readonly Message[], prompt: readonly Message[]): number | undefined {
  const anchor = before.at(-1);
  if (!anchor || systemOf(before) !== systemOf(prompt)) return undefined;
  if (prompt[before.length - 1]?.key === anchor.key) return before.length;
  if (anchor.role === "system") return undefined;
  const at = prompt.findLastIndex((message) => message.role === anchor.role && message.key === anchor.key);
  return at < 0 ? undefined : at + 1;
}

const systemOf = (messages: readonly Message[]): string =>
  messages
    .filter(({ role }) => role === "system")
    .map(({ key }) => key)
    .join("\n");

/** Tells answers apart. */
const saidIn = (parts: readonly Part[]): string =>
  JSON.stringify([
    parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""),
    ...parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : [])),
  ]);

/** Where inputs are not recorded, what the model has asked for and what it was asked tell where a call belongs. */
function matchWithoutPrompt(thread: Thread, { name, step, asked }: ModelCall): Match | undefined {
  const { last, items } = thread;
  if (withoutFallback(last.name) !== withoutFallback(name)) return undefined;
  const fresh = asked ?? [];
  const near = scopeOf(last.step) === scopeOf(step) ? 1 : 0;
  if (last.step.state !== "completed") return { thread, fresh, score: 2 + near };
  const isTold = last.answer.some(({ type }) => type === "tool-call");
  if (!asked) return { thread, fresh, score: (isTold ? 4 : 0) + near };
  // a conversation that has begun with instructions repeats them where it begins
  const isSystem = (message: Message): boolean => message.role === "system";
  const continues = !asked.some(isSystem) && items.some((item) => item.type === "message" && isSystem(item.message));
  return continues ? { thread, fresh, score: 2 + near } : undefined;
}

/** A fallback is called in place of the model that has failed. */
const withoutFallback = (name: string): string => name.replace(/\.fallback\d+$/u, "");

const scopeOf = ({ path }: StepInfo): string => path.slice(0, -1).join("/");
