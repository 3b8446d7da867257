/** An agent in processes that are killed: each prints which model calls and tools begin and end, and the store is read between two lives. */
import { join } from "node:path";
import { openClient } from "perdure/tools";
import { expect, test } from "vitest";
import { buildProgram, run } from "../../../test/programs.ts";

const agent = `
  import { isStepCount, streamText, tool } from "ai";
  import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
  import { taskContext, close } from "perdure";
  import { durableModel, durableTools } from "perdure-ai";
  import { setTimeout } from "node:timers/promises";
  import { writeSync } from "node:fs";
  import { z } from "zod";

  let lines = Number(process.env.LINES);
  const say = (what) => {
    writeSync(1, what + " " + taskContext().stepId + "\\n");
    if (--lines === 0) process.kill(process.pid, "SIGKILL");
  };
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const call = (toolName, toolCallId) => ({ type: "tool-call", toolCallId, toolName, input: "{}" });
  const answers = [
    [call("search", "a"), call("search", "b")],
    [call("convert", "c")],
    [{ type: "text-start", id: "1" }, { type: "text-delta", id: "1", delta: "The " }, { type: "text-delta", id: "1", delta: "end." }, { type: "text-end", id: "1" }],
  ];
  const model = durableModel(new MockLanguageModelV4({
    async doStream({ prompt }) {
      say("began");
      const turn = prompt.filter(({ role }) => role === "assistant").length;
      const finishReason = { unified: turn < 2 ? "tool-calls" : "stop" };
      const chunks = [{ type: "stream-start", warnings: [] }, ...answers[turn], { type: "finish", finishReason, usage }];
      return { stream: simulateReadableStream({ chunks, chunkDelayInMs: 5 }) };
    },
  }), { name: "agent", retries: 50 });
  // each death counts as an attempt
  const execute = async () => {
    say("began");
    await setTimeout(10);
    say("done");
    return { found: 1 };
  };
  const inputSchema = z.object({});
  const tools = durableTools({ search: tool({ inputSchema, execute }), convert: tool({ inputSchema, execute }) }, { retries: 50 });

  async function research() {
    "use workflow: id=research";
    const result = streamText({ model, tools, prompt: "Go.", stopWhen: isStepCount(5) });
    let text = "";
    for await (const delta of result.textStream) text += delta;
    return { text, messages: await result.responseMessages };
  }
  console.log("result " + JSON.stringify(await research()));
  await close();
`;

interface Life {
  readonly began: readonly string[];
  readonly result: string | undefined;
}

test("an agent whose process is killed again and again ends with the messages of one that is not", async () => {
  const file = await buildProgram(agent, "agent");
  /** One life, which ends after so many lines. */
  const live = async (store: string, lines: number): Promise<Life> => {
    const program = run(file, { PERDURE_STORE: `sqlite:${store}`, LINES: String(lines) });
    await program.ended;
    const said = program.output.split("\n");
    return {
      began: said.flatMap((line) => (line.startsWith("began ") ? [line.slice(6)] : [])),
      result: said.find((line) => line.startsWith("result ")),
    };
  };

  const { result: undisturbed } = await live(join(file, "../undisturbed.db"), Infinity);
  expect(undisturbed).toContain('"text":"The end."');

  const store = join(file, "../killed.db");
  const client = openClient({ store: `sqlite:${store}` });
  const recorded = new Set<string>();
  let kills = 0;
  for (let life: Life | undefined; life?.result === undefined; kills++) {
    life = await live(store, 1 + (kills % 5));
    expect(life.began.filter((step) => recorded.has(step))).toEqual([]);
    for (const { id, state } of await (await client.getRun("research")).steps())
      if (state === "completed") recorded.add(id);
    if (life.result !== undefined) expect(life.result).toBe(undisturbed);
    expect(kills).toBeLessThan(50);
  }
  expect(kills).toBeGreaterThan(4);
  expect(recorded.size).toBe(6);
  await client.close();
});
