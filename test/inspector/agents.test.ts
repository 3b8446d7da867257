/** What a person finds of an agent's run in the inspector, and decides there: a real agent of the AI SDK, in real processes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import { open as openAt, screenshot } from "./browser.ts";
import { addressOf } from "./scenery.ts";
import { looks, obstaclesOf, seen, stage, stepRow } from "./stage.ts";

const inspector = stage(
  async (scenery) => {
    await scenery.play("agents");
    await scenery.play("agents", { store: "without-inputs", env: { WITHOUT_INPUTS: "1" } });
  },
  ["agent"],
);
const { open } = inspector;

const conversation = (page: Page): Locator => page.getByRole("region", { name: "Conversation", exact: true });
const tool = (page: Page, name: string): Locator => page.getByRole("region", { name: `Call of the tool ${name}` });
const view = (page: Page, name: string): Locator =>
  page.getByRole("navigation", { name: "Views of the run" }).getByRole("link", { name });

/** Everything that is said, one line for each message, without times. */
async function linesOf(page: Page): Promise<string[]> {
  const turns = await conversation(page).locator("ol.turns > li").allInnerTexts();
  return turns.map((turn) => turn.replace(/\s+/gu, " ").replace(/\b\d+ ms\b/gu, "… ms"));
}

const bill = "1,240 tokens (1,200 in, 600 of them cached, 40 out) cost 0.0042";

const untilApproval = [
  "System Instructions",
  "User What does Acme owe us? Remind them if it is more than 1,000 EUR.",
  expect.stringContaining("Assistant Reasoning I will look up the open invoices of Acme. search completed") as string,
  expect.stringContaining("Assistant 1 failed attempt report completed") as string,
  expect.stringMatching(/sendEmail waits for approval .*Please pay 1,230 EUR.*Asked .* ago Approve… Deny…/u) as string,
  "embed mock mock-embed … ms 6 tokens (6 in, 0 out) mock-embed.embed[0]",
];

test("a run of an agent is read as a conversation: who said what, what tools were called with, what it cost", async () => {
  const page = await open("/run/remind-2");
  await seen(conversation(page));
  expect(await linesOf(page)).toEqual(untilApproval);
  expect((await linesOf(page))[3]).toContain(
    `Input Acme Output three pages on Acme Child run report-Acme mock mock-large … ms ${bill} bookkeeper.generate[1]`,
  );
  await seen(tool(page, "rates").getByText("Error: the service for exchange rates is closed"));
  await seen(tool(page, "search").getByLabel("Output of search").filter({ hasText: "A-21" }));
  const facts = page.locator("header dl");
  await seen(facts.getByText("3,726 tokens (3,606 in, 1,800 of them cached, 120 out)"));
  await seen(facts.getByText("0.013", { exact: true }));
  await page.getByText("Reasoning").click();
  await seen(page.getByText("I look them up first."));
  await page.getByText("Instructions").click();
  await seen(page.getByText("You keep the books of a small company."));
  await page.getByText("1 failed attempt").click();
  await seen(page.getByText("529 overloaded"));
  expect(await page.evaluate(`"executed" in globalThis`)).toBe(false);
  await screenshot(page, "agent");
  await tool(page, "report").getByRole("link", { name: "report-Acme" }).click();
  await seen(page.getByRole("heading", { name: "report-Acme", level: 1 }));
  await seen(stepRow(page, "pages[0]"));
  expect(await view(page, "Conversation").count()).toBe(0);
});

test("the timeline is beside it, and the address keeps which of them is seen, and the step", async () => {
  const page = await open("/run/remind-2");
  await tool(page, "search").getByRole("button", { name: "Details of the step {call-1}/search[0]" }).click();
  await seen(page.getByRole("complementary").getByLabel("Output of the step").filter({ hasText: "A-17" }));
  await seen(conversation(page));
  await view(page, "Timeline").click();
  await seen(stepRow(page, "bookkeeper.generate[0]"));
  await seen(page.getByRole("complementary"));
  expect(await conversation(page).count()).toBe(0);
  await page.reload();
  await seen(stepRow(page, "bookkeeper.generate[0]"));
  expect(await view(page, "Timeline").getAttribute("aria-current")).toBe("page");
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("complementary").count()).toBe(0);
  await seen(stepRow(page, "bookkeeper.generate[0]"));
  await view(page, "Conversation").click();
  await seen(conversation(page));
  await page.goBack();
  await seen(stepRow(page, "bookkeeper.generate[0]"));
});

test.each(Object.entries(looks))("it has no obstacle in the look %s, nor scrolls sideways", async (look, options) => {
  const page = await open("/run/remind-2", options);
  await seen(conversation(page));
  await screenshot(page, `${look}-agent`);
  expect(await obstaclesOf(page, look)).toBeUndefined();
  await tool(page, "sendEmail").getByRole("button", { name: "Deny…" }).click();
  await seen(page.getByRole("dialog"));
  expect(await obstaclesOf(page, look)).toBeUndefined();
});

test("without recorded inputs, it says the same", async () => {
  const address = await inspector.scenery.inspect("without-inputs");
  const { page, context, errors } = await openAt(inspector.browser, address);
  onTestFinished(() => context.close());
  await page.getByRole("link", { name: "remind-2" }).click();
  await seen(conversation(page));
  expect(await linesOf(page)).toEqual(untilApproval);
  expect(errors).toEqual([]);
});

test("whoever may only read decides nothing, and does not see what the program redacts", async () => {
  const { page, context, errors } = await openAt(
    inspector.browser,
    await addressOf(inspector.scenery.begin("readers")),
  );
  onTestFinished(() => context.close());
  await page.getByRole("link", { name: "remind-2" }).click();
  await seen(tool(page, "sendEmail").getByText("waits for approval"));
  expect(await page.getByRole("button", { name: /Approve|Deny/u }).count()).toBe(0);
  await seen(tool(page, "search").getByText("[the invoices are hidden]"));
  expect(await page.getByRole("main").textContent()).not.toContain("A-17");
  expect(errors).toEqual([]);
});

test("what a model says is read while it says it, but not where values are redacted", async () => {
  const program = inspector.scenery.begin("tale");
  await program.printed("started");
  const page = await open("/run/tale-1");
  const writing = page.getByRole("region", { name: "Being written" });
  await seen(writing.getByText("Once upon"));
  expect(await writing.innerText()).not.toContain("a time");
  await screenshot(page, "writing");
  const { page: redacted, context } = await openAt(
    inspector.browser,
    await addressOf(inspector.scenery.begin("readers")),
  );
  onTestFinished(() => context.close());
  await redacted.getByRole("link", { name: "tale-1" }).click();
  await seen(redacted.getByText("No step is recorded yet."));
  expect(await redacted.getByRole("main").textContent()).not.toContain("Once upon");
  writeFileSync(join(inspector.scenery.directory, "go-on"), "");
  await seen(conversation(page).getByText("Once upon a time."));
  await expect.poll(() => writing.count()).toBe(0);
  await seen(conversation(redacted).getByText("Once upon a time."));
  await program.exits(0);
});

test("the list of what runs wait for leads to where a call is approved or denied", async () => {
  const page = await open("/waiting");
  const row = page.getByRole("row").filter({ hasText: "approval:call-4" }).filter({ hasText: "remind-2" });
  await seen(row);
  expect(await page.getByRole("button", { name: "Deliver signal…" }).count()).toBe(0);
  await row.getByRole("link", { name: "Approve or deny" }).click();
  await seen(tool(page, "sendEmail").getByRole("button", { name: "Approve…" }));
});

test("a call of a tool is approved, another denied with a reason, and each conversation continues live", async () => {
  const approved = await open("/run/remind-1");
  await tool(approved, "sendEmail").getByRole("button", { name: "Approve…" }).click();
  const dialog = approved.getByRole("dialog", { name: "Approve this call of sendEmail?" });
  await seen(dialog.getByLabel("Input of sendEmail").filter({ hasText: "billing@acme.example" }));
  await screenshot(approved, "approve");
  await dialog.getByRole("button", { name: "Not now" }).click();
  await seen(tool(approved, "sendEmail").getByText("waits for approval"));
  await tool(approved, "sendEmail").getByRole("button", { name: "Approve…" }).click();
  await dialog.getByRole("button", { name: "Approve", exact: true }).click();
  await seen(approved.getByText("has the signal approval:call-4"));

  const denied = await open("/run/remind-2");
  await seen(denied.getByText("approval of a call of sendEmail"));
  await denied.locator("header").getByRole("button", { name: "Deny…" }).click();
  const denial = denied.getByRole("dialog", { name: "Deny this call of sendEmail?" });
  await denial.getByLabel("Reason").fill("They have paid today.");
  await denial.getByRole("button", { name: "Deny", exact: true }).click();
  await seen(denied.getByText("has the signal approval:call-4"));

  const worker = inspector.scenery.begin("worker");
  await worker.printed("started");
  await seen(tool(approved, "sendEmail").getByLabel("Output of sendEmail").filter({ hasText: "sent to billing@acme" }));
  await seen(tool(approved, "sendEmail").getByText(/^Approved .+ ago$/u));
  await seen(approved.getByText("Shall I set a reminder for next week?").first());
  await seen(approved.getByRole("region", { name: "Conversation 2" }).getByText("The tone is friendly"));
  await seen(approved.locator("main header").getByText("completed", { exact: true }));
  await screenshot(approved, "approved");
  await seen(tool(denied, "sendEmail").getByText("denied", { exact: true }));
  await seen(tool(denied, "sendEmail").getByText(/^Denied .+ ago: They have paid today\.$/u));
  await seen(denied.getByText("Shall I set a reminder for next week?").first());
  expect(await tool(denied, "sendEmail").getByLabel("Output of sendEmail").count()).toBe(0);
});
