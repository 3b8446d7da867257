/** What a person sees of schedules in the inspector, and does to them, while a worker looks after them. */
import { expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import { screenshot } from "./browser.ts";
import { go, looks, obstaclesOf, runRows, seen, stage } from "./stage.ts";

const { open } = stage(async (scene) => scene.begin("schedules").printed("scheduled"));

const row = (page: Page, name: string): Locator =>
  page.getByRole("region", { name: "Schedules" }).getByRole("row").filter({ hasText: name });

/** Has something done to a schedule, as the dialog asks for it. */
async function act(page: Page, button: string, name: string, title: string): Promise<void> {
  await page.getByRole("button", { name: `${button} ${name}` }).click();
  const dialog = page.getByRole("dialog", { name: title });
  await seen(dialog.getByText(name, { exact: true }));
  await dialog.getByRole("button", { name: button, exact: true }).click();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
}

test.each(Object.entries(looks))(
  "the page of schedules has no obstacle in the look %s, nor scrolls sideways",
  async (look, options) => {
    const page = await open("/schedules", options);
    await seen(row(page, "daily-report"));
    await screenshot(page, `${look}-schedules`);
    expect(await obstaclesOf(page, look)).toBeUndefined();
    await page.getByRole("button", { name: "Run now daily-report" }).click();
    await seen(page.getByRole("dialog"));
    await screenshot(page, `${look}-schedules-dialog`);
    expect(await obstaclesOf(page, look)).toBeUndefined();
  },
);

test("a schedule is run now, paused, resumed and removed, and the page follows", async () => {
  const page = await open("/runs");
  await page.getByRole("link", { name: "Schedules" }).click();
  // the command that serves the page loads no workflow, which is no fault of the schedules
  expect(await page.getByText("has not loaded its workflow").count()).toBe(0);
  const daily = row(page, "daily-report");
  await seen(daily.filter({ hasText: "0 6 * * *" }).filter({ hasText: "Europe/Vienna" }).filter({ hasText: /in \d/u }));
  await seen(
    row(page, "often").filter({ hasText: "every 100ms" }).filter({ hasText: "paused" }).getByText("completed"),
  );

  await act(page, "Pause", "daily-report", "Pause this schedule?");
  await seen(page.getByText("daily-report is paused: no tick starts a run"));
  await seen(daily.getByText("paused"));
  await act(page, "Resume", "daily-report", "Resume this schedule?");
  await seen(daily.getByText(/^in \d/u));

  await act(page, "Run now", "daily-report", "Run this schedule now?");
  await page.getByRole("link", { name: "Open the run" }).click();
  await seen(page.getByRole("heading", { name: /^daily-report@/u }));
  await seen(page.getByText("completed"));
  await page.getByRole("link", { name: "daily-report", exact: true }).click();
  await expect.poll(() => runRows(page).count()).toBe(1);
  await screenshot(page, "schedules-runs");
  await page.getByRole("button", { name: "Remove schedule daily-report" }).click();
  await expect.poll(() => runRows(page).count()).toBeGreaterThan(1);

  await go(page, "/schedules");
  await act(page, "Remove", "clean-up", "Remove this schedule?");
  await expect.poll(() => row(page, "clean-up").count()).toBe(0);
  await seen(daily);
});
