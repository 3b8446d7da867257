import Anthropic from "@anthropic-ai/sdk";
import { run } from "./harness.ts";
import { lookUp } from "./tools.ts";

const client = new Anthropic({ baseURL: process.env.MODEL_URL, apiKey: "none", maxRetries: 0 });

async function ask(messages: Anthropic.MessageParam[]) {
  "use task: retries=2, timeout=30s";
  const { content, usage } = await client.messages.create({
    model: "test",
    max_tokens: 1000,
    messages,
    tools: [{ name: "lookUp", input_schema: { type: "object", properties: { city: { type: "string" } } } }],
  });
  return { content, usage };
}

export async function agent(question: string) {
  "use workflow: id=anthropic";
  const messages: Anthropic.MessageParam[] = [{ role: "user", content: question }];
  for (;;) {
    const { content } = await ask(messages);
    messages.push({ role: "assistant", content });
    const calls = content.filter((block) => block.type === "tool_use");
    if (calls.length === 0) return content.map((block) => (block.type === "text" ? block.text : "")).join("");
    const results = await Promise.all(
      calls.map(async (call) => ({
        type: "tool_result" as const,
        tool_use_id: call.id,
        content: await lookUp((call.input as { city: string }).city),
      })),
    );
    messages.push({ role: "user", content: results });
  }
}

await run(() => agent("weather?"));
