import { appendFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { tool } from "ai";
import { taskContext } from "perdure";
import { durableTools } from "perdure-ai";
import { z } from "zod";
import { find } from "./library.ts";
import { files } from "./settings.ts";

const OPERATIONS = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
} as const;

/** Leaves a trace of each time that a tool is really executed. */
const trace = (name: string, input: unknown): void =>
  appendFileSync(files.tools, `${JSON.stringify({ name, input, pid: process.pid })}\n`);

/** The tools of the agent. Each call is a step, and `sendEmail` waits for a person. */
export const tools = durableTools(
  {
    search: tool({
      description: "Searches the library of articles about animals.",
      inputSchema: z.object({ query: z.string() }),
      async execute({ query }) {
        trace("search", { query });
        await setTimeout(200);
        return find(query);
      },
    }),
    calculate: tool({
      description: "Calculates with two numbers.",
      inputSchema: z.object({
        a: z.number(),
        operation: z.enum(["add", "subtract", "multiply", "divide"]),
        b: z.number(),
      }),
      async execute({ a, operation, b }) {
        trace("calculate", { a, operation, b });
        return OPERATIONS[operation](a, b);
      },
    }),
    sendEmail: tool({
      description: "Sends an e-mail. A person has to approve it.",
      inputSchema: z.object({ to: z.string(), subject: z.string(), body: z.string() }),
      needsApproval: true,
      async execute(email) {
        trace("sendEmail", { to: email.to });
        // the key is that of the step: a mail server that is asked twice sends once
        appendFileSync(files.outbox, `${JSON.stringify({ key: taskContext().idempotencyKey, ...email })}\n`);
        return "sent";
      },
    }),
  },
  { retries: 2, stream: true },
);
