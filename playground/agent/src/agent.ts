import { isStepCount, ToolLoopAgent } from "ai";
import { durableModel } from "perdure-ai";
import { model } from "./model.ts";
import { tools } from "./tools.ts";

const researcher = new ToolLoopAgent({
  model: durableModel(await model(), { name: "researcher", retries: 5, stream: true }),
  tools,
  instructions:
    "You answer questions about animals from the library, calculate with the calculator, and send the answer by e-mail to ada@example.com.",
  stopWhen: isStepCount(10),
});

/** The loop is the AI SDK's own. */
export async function research(question: string) {
  "use workflow: id=research-{question}";
  const answer = await researcher.stream({ prompt: question });
  return answer.text;
}
