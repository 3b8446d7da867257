// perdure-ignore-file WORKFLOW_STATE: tests replace the server under a run
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMCPClient, type MCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, isStepCount, type ToolSet } from "ai";
import { close, start } from "perdure";
import { approve, durableModel, durableTools } from "perdure-ai";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { mockModel, text, toolCall, turnOf } from "./models.ts";

const directory = mkdtempSync(join(tmpdir(), "perdure-ai-mcp-"));
const log = join(directory, "calls");

function connect(...more: readonly string[]): Promise<MCPClient> {
  const server = join(import.meta.dirname, "programs/mcp-server.ts");
  const transport = new StdioTransport({ command: process.execPath, args: ["--import", "tsx", server, log, ...more] });
  return createMCPClient({ transport });
}

const client = await connect();
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

const asked: string[][] = [];
const careful = durableModel(
  mockModel((call) => {
    asked.push((call.tools ?? []).map(({ name }) => name));
    return turnOf(call) === 0 ? [toolCall("add", { a: 1, b: 2 }, "one")] : text("Done.");
  }),
  { name: "careful" },
);
let server: MCPClient;

async function listTools() {
  "use task";
  return server.listTools();
}

async function withRecordedList() {
  "use workflow";
  const listed = durableTools(server.toolsFromDefinitions(await listTools()), { approval: { add: true } });
  return (await generateText({ model: careful, tools: listed, prompt: "Add.", stopWhen: isStepCount(3) })).text;
}

let unrecorded: ToolSet;

async function withPresentList() {
  "use workflow";
  return (await generateText({ model: careful, tools: unrecorded, prompt: "Add.", stopWhen: isStepCount(3) })).text;
}

/** A run that waits for an approval while the server gets another tool. */
async function overAnUpdate(workflow: () => Promise<string>): Promise<string> {
  const list = async () => (unrecorded = durableTools(await server.tools(), { approval: { add: true } }));
  setup({ logLevel: "silent" });
  asked.length = 0;
  server = client;
  await list();
  const run = await start(workflow, []);
  await settled();
  await advance("2m"); // it leaves memory
  const updated = await connect("more");
  server = updated;
  await list();
  await approve(run.id, "one");
  return run.result().finally(() => updated.close());
}

test("a run whose list of tools is recorded does not notice that the server has others", async () => {
  expect(await overAnUpdate(withRecordedList)).toBe("Done.");
  expect(asked).toEqual([
    ["add", "fail"],
    ["add", "fail"],
  ]);
  expect(readFileSync(log, "utf8")).toBe("1+2\n");
});

test("a run whose list of tools is not recorded stops when the server has others", async () => {
  await expect(overAnUpdate(withPresentList)).rejects.toMatchObject({ code: "NOT_DETERMINISTIC" });
  expect(readFileSync(log, "utf8")).toBe("");
});
