import OpenAI from "openai";
import { run } from "./harness.ts";
import { lookUp } from "./tools.ts";

const client = new OpenAI({ baseURL: `${process.env.MODEL_URL}/v1`, apiKey: "none", maxRetries: 0 });

type Message = OpenAI.ChatCompletionMessageParam;

async function ask(messages: Message[]) {
  "use task: retries=2, timeout=30s";
  const tools: OpenAI.ChatCompletionTool[] = [
    { type: "function", function: { name: "lookUp", parameters: { type: "object", properties: { city: {} } } } },
  ];
  const { choices } = await client.chat.completions.create({ model: "test", messages, tools });
  return choices[0]!.message;
}

export async function agent(question: string) {
  "use workflow: id=openai";
  const messages: Message[] = [{ role: "user", content: question }];
  for (;;) {
    const message = await ask(messages);
    messages.push(message);
    if (!message.tool_calls) return message.content;
    const results = await Promise.all(
      message.tool_calls.map(async (call) => ({
        role: "tool" as const,
        tool_call_id: call.id,
        content: await lookUp(JSON.parse(call.type === "function" ? call.function.arguments : "{}").city),
      })),
    );
    messages.push(...results);
  }
}

await run(() => agent("weather?"));
