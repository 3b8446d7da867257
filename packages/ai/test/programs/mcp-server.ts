/** An MCP server over stdio with two tools, or with three if it is told to. Each call of `add` writes a line to the file that it is given. */
import { appendFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const [, , log = "", more] = process.argv;
const server = new McpServer({ name: "sums", version: "1.0.0" });

server.registerTool(
  "add",
  { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
  async ({ a, b }) => {
    appendFileSync(log, `${a}+${b}\n`);
    return { content: [{ type: "text", text: String(a + b) }] };
  },
);
server.registerTool("fail", { description: "Fails" }, async () => {
  appendFileSync(log, "fail\n");
  return { isError: true, content: [{ type: "text", text: "out of order" }] };
});
if (more !== undefined) server.registerTool("more", { description: "Is new" }, () => ({ content: [] }));

await server.connect(new StdioServerTransport());
