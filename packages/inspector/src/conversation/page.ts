import { setImmediate } from "node:timers/promises";
import type { Run, StepInfo } from "perdure";
import type { Client } from "perdure/tools";
import type { ConversationPage } from "../api-conversation.ts";
import { conversationsOf } from "./conversation.ts";
import { writingOf } from "./writing.ts";

export type * from "../api-conversation.ts";

/** How many of the last steps a conversation is made of. */
const LAST = 1_000;
/** How many steps are decoded before others have their turn: with recorded inputs, each has a whole prompt. */
const AT_ONCE = 50;

export async function conversationPage(client: Client, id: string): Promise<ConversationPage> {
  const run = await client.getRun(id);
  const open = await run.steps({ open: true }); // first: one that ends now is then among the others
  const after = Math.max(0, (await client.lastSeq(id, 0)) - LAST);
  const steps = await finishedSteps(run, after);
  const ended = new Set(steps.map((step) => step.id));
  const { waitingFor, status } = await run.info();
  const writing = status === "running" ? await writingOf(client, run) : [];
  const all = [...steps, ...open.filter((step) => !ended.has(step.id))];
  return { ...conversationsOf(all, waitingFor), writing, isCut: after > 0 };
}

async function finishedSteps(run: Run, after: number): Promise<StepInfo[]> {
  const steps: StepInfo[] = [];
  for (;;) {
    const page = await run.steps({ after: steps.at(-1)?.seq ?? after, limit: AT_ONCE });
    steps.push(...page);
    if (page.length < AT_ONCE) return steps;
    await setImmediate();
  }
}
