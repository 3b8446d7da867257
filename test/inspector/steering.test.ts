/** What a person does to runs in the inspector, in a real browser, while a real worker executes them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { screenshot } from "./browser.ts";
import { go, runRows, seen, stage, stepRow } from "./stage.ts";

const { open, scenery } = stage(async (scenery) => {
  await scenery.play("runs");
  await scenery.begin("worker").printed("started");
});

const allow = (file: string): void => writeFileSync(join(scenery.directory, file), "");

/** Presses the button of an action, and the one that confirms it. */
async function act(page: Page, action: string, confirm = action): Promise<void> {
  await page
    .getByRole("button", { name: `${action}…` })
    .first()
    .click();
  await page.getByRole("dialog").getByRole("button", { name: confirm, exact: true }).click();
}

/** Resolves when the head of the run says so. */
const hasStatus = (page: Page, status: string): Promise<void> =>
  seen(page.getByRole("banner").or(page.locator("main header")).getByText(status, { exact: true }));

test("a run that another process executes is followed live, and so is the list", async () => {
  const slow = scenery.begin("slow");
  await slow.printed("started");
  const page = await open("/run/slow-1");
  const list = await open("/runs");
  await seen(runRows(list).filter({ hasText: "slow-1" }).filter({ hasText: "running" }));
  await hasStatus(page, "running");
  allow("go-1");
  await seen(stepRow(page, /wait\[0\].*completed/u));
  await screenshot(page, "live");
  allow("go-2");
  await seen(stepRow(page, /wait\[1\].*completed/u));
  await hasStatus(page, "completed");
  await seen(runRows(list).filter({ hasText: "slow-1" }).filter({ hasText: "completed" }));
  await slow.exits(0);
});

test("a failed run is retried: its successes are kept, its failure is not", async () => {
  const page = await open("/run/order-1002");
  await hasStatus(page, "failed");
  await page.getByRole("button", { name: "Retry…" }).click();
  await seen(page.getByRole("dialog", { name: "Retry this run?" }));
  await screenshot(page, "retry");
  await page.getByRole("button", { name: "Not now" }).click();
  await hasStatus(page, "failed");
  allow("accept");
  await act(page, "Retry");
  await seen(page.getByText("is tried again"));
  await hasStatus(page, "completed");
  await stepRow(page, "charge[0]").click();
  await seen(page.getByLabel("Output of the step").filter({ hasText: "r-350" }));
});

test("a run is forked from one of its steps", async () => {
  const page = await open(`/run/order-1001?step=${encodeURIComponent("for[1]/pack[0]")}`);
  await act(page, "Fork from this step");
  await page.getByRole("link", { name: "Open the fork" }).click();
  await expect.poll(() => page.getByRole("heading", { level: 1 }).textContent()).toMatch(/^order-1001.+/u);
  await hasStatus(page, "completed");
  await seen(page.getByRole("link", { name: "order-1001", exact: true }));
  // a step that is executed again is not as old as what it called before, which is kept
  expect(await stepRow(page, "for[1]/pack[0]").getByRole("gridcell").nth(1).textContent()).toMatch(/^\d+ ms$/u);
  await screenshot(page, "fork");
});

test("a signal is delivered with a form that its schema makes, and the parent continues", async () => {
  const page = await open("/run/approval-of-77");
  await page.getByRole("listitem").getByRole("button", { name: "Deliver signal…" }).click();
  const dialog = page.getByRole("dialog", { name: "Deliver the signal “decision”" });
  await dialog.getByRole("checkbox", { name: "approved" }).check();
  await dialog.getByLabel(/^by/u).fill("ada");
  await screenshot(page, "signal");
  await dialog.getByRole("button", { name: "Deliver signal", exact: true }).click();
  await hasStatus(page, "completed");
  await page.getByText("Output", { exact: true }).first().click();
  await seen(page.getByLabel("Output of the run").filter({ hasText: "approved by ada" }));
  await go(page, "/run/purchase-77");
  await hasStatus(page, "completed");
});

test("a run that waits for a month is cancelled", async () => {
  const page = await open("/run/remind-ada");
  await act(page, "Cancel", "Cancel the run");
  await hasStatus(page, "cancelled");
});

test("a run is deleted, once that is confirmed", async () => {
  const page = await open("/run/backup-monday");
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Not now" }).click();
  await seen(page.getByRole("heading", { name: "backup-monday" }));
  await act(page, "Delete");
  await seen(page.getByRole("table", { name: "Runs" }));
  await expect.poll(() => runRows(page).filter({ hasText: "backup-monday" }).count()).toBe(0);
});
