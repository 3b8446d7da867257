import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "unplugin-perdure";
import { expect, test } from "vitest";
import { blocksOf, readPage, root } from "./page.ts";

const imports = `
import { openai } from "@ai-sdk/openai";
import { ToolLoopAgent } from "ai";
import { search, sendEmail } from "./tools.ts";
`;

const [diff = ""] = blocksOf(readPage("docs/agents.md")).flatMap(({ lang, text }) => (lang === "diff" ? [text] : []));
const lines = diff.split("\n");
const after = imports + lines.flatMap((line) => (line.startsWith("-") ? [] : [line.slice(1)])).join("\n");
/** The agent as it was before, in a workflow. */
const before = imports + lines.flatMap((line) => (/^\+.*durable/u.test(line) ? [] : [line.slice(1)])).join("\n");

const pages = ["docs/agents.md", "packages/ai/README.md"];
const blocks = pages.flatMap((page) =>
  blocksOf(readPage(page)).flatMap(({ lang, text }, i) =>
    lang === "ts" ? [{ name: `${page}, block ${i}`, source: text, file: undefined }] : [],
  ),
);
const programs = [
  "playground/agent/src/agent.ts",
  "playground/agent/src/tools.ts",
  "test/inspector/program/agent.ts",
  ...readdirSync(join(root, "packages/ai/test"))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `packages/ai/test/${name}`),
].map((file) => ({ name: file, source: readPage(file), file }));

/** The findings in a program, with the AI SDK as it is installed. */
function findings(source: string, file = "playground/agent/src/program.ts"): string[] {
  const id = join(root, file);
  const { diagnostics = [] } = compile(source, { id, root: dirname(id) }) ?? {};
  return diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

test.each([
  { name: "docs/agents.md, from a plain agent to a durable one", source: after, file: undefined },
  ...blocks,
  ...programs,
])("no warning in $name", ({ source, file }) => {
  expect(findings(source, file)).toEqual([]);
});

test("the plain agent of docs/agents.md, in a workflow, gets a warning", () => {
  expect(findings(before)).toEqual([expect.stringMatching(/^WORKFLOW_MODEL: research uses ToolLoopAgent /u)]);
});
