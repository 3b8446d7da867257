import type { Client } from "perdure/tools";
import type { ConversationPage } from "../api-conversation.ts";
import { conversationsOf } from "./conversation.ts";

/** How many of the last steps a conversation is made of. */
const CONVERSATION = 1_000;

export async function conversationPage(client: Client, id: string): Promise<ConversationPage> {
  const run = await client.getRun(id);
  const open = await run.steps({ open: true }); // first: one that ends now is then among the others
  const after = Math.max(0, (await client.lastSeq(id, 0)) - CONVERSATION);
  const steps = await run.steps({ after });
  const ended = new Set(steps.map((step) => step.id));
  const { waitingFor } = await run.info();
  const all = [...steps, ...open.filter((step) => !ended.has(step.id))];
  return { ...conversationsOf(all, waitingFor), isCut: after > 0 };
}
