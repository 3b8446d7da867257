import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, isStepCount } from "ai";
import { close, start } from "perdure";
import { durableModel, durableTools } from "perdure-ai";
import { crashEverywhere, setup } from "perdure/testing";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { mockModel, text, toolCall, turnOf } from "./models.ts";

const directory = mkdtempSync(join(tmpdir(), "perdure-ai-mcp-"));
const log = join(directory, "calls");
const server = join(import.meta.dirname, "programs/mcp-server.ts");
const client = await createMCPClient({
  transport: new StdioTransport({ command: process.execPath, args: ["--import", "tsx", server, log] }),
});
const tools = durableTools(await client.tools(), { retries: 0 });

afterAll(async () => {
  await client.close();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  writeFileSync(log, "");
  setup();
});
afterEach(() => close());

const model = durableModel(
  mockModel((call) =>
    turnOf(call) === 0
      ? [toolCall("add", { a: 1, b: 2 }, "one"), toolCall("add", { a: 3, b: 4 }, "two"), toolCall("fail", {}, "three")]
      : text(JSON.stringify(call.prompt.at(-1)?.content)),
  ),
  { name: "calculator" },
);

async function calculate() {
  "use workflow";
  return (await generateText({ model, tools, prompt: "Add.", stopWhen: isStepCount(3) })).text;
}

test("tools of an MCP server are steps, with the output that the client makes for the model", async () => {
  const run = await start(calculate, []);
  const said = await run.result();
  for (const part of ['{"type":"text","text":"3"}', '{"type":"text","text":"7"}', "out of order"])
    expect(said).toContain(part);
  expect((await run.steps()).map(({ id }) => id).sort()).toEqual([
    "calculator.generate[0]",
    "calculator.generate[1]",
    "{one}/add[0]",
    "{three}/fail[0]",
    "{two}/add[0]",
  ]);
  expect(readFileSync(log, "utf8").trim().split("\n").sort()).toEqual(["1+2", "3+4", "fail"]);
});

test("after a crash at any durable write no recorded call reaches the server again", async () => {
  const { steps } = await crashEverywhere(calculate, []);
  expect(steps).toHaveLength(5);
});
