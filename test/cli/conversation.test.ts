/** What `perdure show --conversation` says of the run of an agent: a real one of the AI SDK. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Scenery } from "../inspector/scenery.ts";
import { perdure } from "./command.ts";

const scenery = new Scenery(["agent"]);
beforeAll(async () => {
  await scenery.build();
  await scenery.play("agents");
});
afterAll(() => scenery.end());

const command = (...args: string[]): ReturnType<typeof perdure> =>
  perdure(args, { cwd: scenery.directory, env: { PERDURE_STORE: "sqlite:runs.db" } });

/** Without what is another in each run. */
const withoutTimes = (text: string): string =>
  text.replaceAll(/\d+m?s\b/gu, "… ms").replaceAll(/\d{4}-\d\d-\d\dT\S+/gu, "…");

const conversation = `remind-2  waiting
workflow   remind (agent.ts)
created    …
waits for  signal approval:call-4
usage      3726 tokens (3606 in, 120 out), cost 0.013

System
  You keep the books of a small company. Be brief. Ask before you write to anybody.

User
  What does Acme owe us? Remind them if it is more than 1,000 EUR.

Assistant  mock mock-large, … ms, 1240 tokens (1200 in, 40 out), cost 0.0042, bookkeeper.generate[0]
  reasoning The user wants the total of the open invoices.
            I look them up first.
  I will look up the open invoices of Acme.
  → search  … ms, {call-1}/search[0]
      input  { customer: 'Acme', state: 'open' }
      output [
               {
                 invoice: 'A-17',
                 amount: 400,
                 due: '2026-03-01'
               },
               {
                 invoice: 'A-18',
                 amount: 330,
                 due: '2026-03-14'
               },
               {
                 invoice: 'A-21',
                 amount: 500,
                 due: '2026-04-02'
               }
             ]
  → rates  failed, … ms, {call-2}/rates[0]
      Error: the service for exchange rates is closed
      input  { currency: 'EUR' }

Assistant  mock mock-large, … ms, 1240 tokens (1200 in, 40 out), cost 0.0042, bookkeeper.generate[1]
  attempt 1: Error: 529 overloaded
  → report  … ms, execute[0]/report[0]
      input  Acme
      output three pages on Acme
      run    report-Acme

Assistant  mock mock-large, … ms, 1240 tokens (1200 in, 40 out), cost 0.0042, bookkeeper.generate[2]
  Three invoices are open, 1,230 EUR in total. I write to them. <script>window.executed = true</script><img src="x" onerror="window.executed = true">
  → sendEmail  waits for approval
      input  {
               to: 'billing@acme.example',
               subject: 'Open invoices',
               text: 'Please pay 1,230 EUR.'
             }
      perdure signal 'remind-2' 'approval:call-4' '{"approved":true}'

embed  mock mock-embed, … ms, 6 tokens (6 in, 0 out), mock-embed.embed[0]
`;

test("the run of an agent reads as a conversation, and what is printed of an approval is the command for it", async () => {
  const { code, output } = await command("show", "remind-2", "--conversation");
  expect(withoutTimes(output)).toBe(conversation);
  expect(code).toBe(0);
  const [, line = ""] = /^ +perdure (.+)$/mu.exec(output) ?? [];
  const approval = await command(...line.split(" ").map((word) => word.replaceAll("'", "")));
  expect(approval).toMatchObject({ code: 0, output: expect.stringContaining("has the signal approval:call-4") });
});

test("as JSON, it is there beside the steps", async () => {
  const { output } = await command("show", "remind-1", "--conversation", "--json");
  expect(JSON.parse(output)).toMatchObject({
    steps: expect.arrayContaining([expect.objectContaining({ id: "bookkeeper.generate[0]" })]),
    conversation: { conversations: [{ name: "bookkeeper" }], usage: { totalTokens: 3726 } },
  });
});

test("a run without an agent has none", async () => {
  const { output } = await command("show", "report-Acme", "--conversation");
  expect(output).toContain("\n\nNo model and no tool of perdure-ai was called in this run.\n");
  expect(output).not.toContain("usage");
});
