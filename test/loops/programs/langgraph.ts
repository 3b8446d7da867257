import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { run } from "./harness.ts";
import { complete, type Message } from "./model.ts";
import { lookUp } from "./tools.ts";

const State = Annotation.Root({
  messages: Annotation<Message[]>({ reducer: (before, added) => [...before, ...added], default: () => [] }),
});

/** LangGraph calls a node with its state and with a configuration that differs each time, so the task is what the node calls, not the node. */
async function ask(messages: readonly Message[]) {
  "use task: retries=2, timeout=30s";
  return complete(messages);
}

async function model({ messages }: typeof State.State) {
  return { messages: [await ask(messages)] };
}

/** Each tool call is a step. */
async function tools({ messages }: typeof State.State) {
  const calls = messages.at(-1)?.tool_calls ?? [];
  const results = await Promise.all(
    calls.map(async (call) => ({
      role: "tool" as const,
      tool_call_id: call.id,
      content: await lookUp(JSON.parse(call.function.arguments).city),
    })),
  );
  return { messages: results };
}

const graph = new StateGraph(State)
  .addNode("model", model)
  .addNode("tools", tools)
  .addEdge(START, "model")
  .addConditionalEdges("model", ({ messages }) => (messages.at(-1)?.tool_calls ? "tools" : END))
  .addEdge("tools", "model")
  .compile();

export async function agent(question: string) {
  "use workflow: id=langgraph";
  const { messages } = await graph.invoke({ messages: [{ role: "user", content: question }] });
  return messages.at(-1)?.content;
}

await run(() => agent("weather?"));
