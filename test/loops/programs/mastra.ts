import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import { run } from "./harness.ts";
import { lookUp } from "./tools.ts";

const weather = new Agent({
  id: "weather",
  name: "weather",
  instructions: "Answers questions about the weather.",
  model: { id: "test/test", url: `${process.env.MODEL_URL}/v1`, apiKey: "none" },
  tools: {
    lookUp: createTool({
      id: "lookUp",
      description: "the weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: ({ city }) => lookUp(city),
    }),
  },
});

/** The whole loop of the agent is one task. The tools that it calls are tasks inside of it, with checkpoints of their own. */
async function answer(question: string) {
  "use task: retries=2, timeout=30s";
  const { text } = await weather.generate(question);
  return text;
}

export async function agent(question: string) {
  "use workflow: id=mastra";
  return answer(question);
}

await run(() => agent("weather?"));
