import { close } from "perdure";

/** Runs the agent to its end and prints what it has answered. */
export async function run(agent: () => Promise<unknown>): Promise<void> {
  console.log(`answer: ${String(await agent())}`);
  await close();
}
