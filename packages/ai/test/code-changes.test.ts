/** Programs whose code changes while an agent waits for an approval. */
import { getRun } from "perdure";
import { approve } from "perdure-ai";
import { expect, test } from "vitest";
import { codeOf, Lives, log } from "../../../test/ids/lives.ts";

const program = (
  change: { readonly after?: string; readonly name?: string; readonly agent?: boolean; readonly prompt?: string } = {},
): { "flow.mjs": string } => ({
  "flow.mjs": `
    import { isStepCount, streamText, tool } from "ai";
    import { durableModel, durableTools } from "perdure-ai";
    import { z } from "zod";
    import { mockModel, text, toolCall, turnOf } from "${import.meta.dirname}/models.ts";

    const base = mockModel((call) => {
      globalThis.log.push("model " + turnOf(call));
      return turnOf(call) === 0 ? [toolCall("mail", {}, "m"), toolCall("mail", {}, "n")] : text("Done.");
    });
    const model = durableModel(base, { name: "${change.name ?? "agent"}" });
    const mail = tool({
      inputSchema: z.object({}),
      needsApproval: true,
      execute: async (_, { toolCallId }) => globalThis.log.push("mail " + toolCallId),
    });
    const tools = durableTools({ mail });
    async function note() {
      "use task";
      globalThis.log.push("note");
    }
    export async function flow() {
      "use workflow";
      ${change.agent === false ? "" : `const said = await streamText({ model, tools, prompt: "${change.prompt ?? "Go."}", stopWhen: isStepCount(3) }).text;`}
      ${change.after ?? ""}
      await note();
      return "over";
    }
  `,
});

async function waiting(): Promise<Lives> {
  const lives = new Lives();
  await lives.start(program());
  expect(log()).toEqual(["model 0"]);
  return lives;
}

test.each([
  ["is the same", {}, "same"],
  ["has a further step after the agent", { after: "await note();" }, "continues"],
  ["asks something else", { prompt: "Go on." }, "continues"],
])("an agent continues where the new code %s", async (_, change, outcome) => {
  const lives = await waiting();
  await lives.begin(program(change));
  expect(await lives.verdict()).toMatchObject({ outcome });
  await lives.begin(program(change));
  await approve("run", "m");
  await approve("run", "n");
  expect(await lives.finish()).toBe("over");
  expect(lives.reports).toEqual("prompt" in change ? expect.arrayContaining(["INPUT_CHANGED"]) : []);
  expect(log().sort()).toEqual([
    "mail m",
    "mail n",
    "model 0",
    "model 1",
    ...(await (await getRun("run")).steps()).filter(({ name }) => name === "note").map(() => "note"),
  ]);
});

test.each([
  ["no agent any more", { agent: false }],
  ["another name for the agent", { name: "helper" }],
])("a run stops, and repeats nothing, under code with %s", async (_, change) => {
  const lives = await waiting();
  await lives.begin(program(change));
  expect(codeOf(await lives.finish())).toBe("STEPS_LOST");
  expect(log()).toEqual(["model 0"]);
});
