/** What a person sees of queues in the inspector, while a process works on them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { screenshot } from "./browser.ts";
import { go, looks, obstaclesOf, runRows, seen, stage, stepRow } from "./stage.ts";

const { open, scenery } = stage(async (scene) => scene.begin("queues").printed("in line"));

const routes = {
  queues: "/queues",
  queue: "/queue/mail",
  run: "/run/shipment-2",
  step: `/run/letter-ada-5?step=${encodeURIComponent("send[0]")}`,
  waiting: "/waiting",
} as const;

const row = (page: Page, region: string, name: string) =>
  page.getByRole("region", { name: region }).getByRole("row").filter({ hasText: name });
const cells = (page: Page, region: string, name: string): Promise<string[]> =>
  row(page, region, name).getByRole("cell").allTextContents();

test.each(Object.entries(looks))(
  "no page of queues has an obstacle in the look %s, nor scrolls sideways",
  async (look, options) => {
    const page = await open("/runs", options);
    const found: Record<string, unknown> = {};
    for (const [name, route] of Object.entries(routes)) {
      await go(page, route);
      await screenshot(page, `${look}-queues-${name}`);
      const here = await obstaclesOf(page, look);
      if (here) found[name] = here;
    }
    expect(found).toEqual({});
  },
);

test("where there is little room, the head shows the link of the page that is open", async () => {
  const page = await open("/runs", looks["narrow"]);
  const right = async (name: string): Promise<number> => {
    const box = await page.getByRole("navigation").getByRole("link", { name }).boundingBox();
    return (box?.x ?? Infinity) + (box?.width ?? 0);
  };
  expect(await right("Waiting")).toBeGreaterThan(320);
  await go(page, "/waiting");
  await expect.poll(() => right("Waiting")).toBeLessThanOrEqual(320);
  await screenshot(page, "narrow-head");
});

test("queues show their limits, and what runs and waits, by key, and all of that live", async () => {
  const page = await open("/runs");
  await seen(runRows(page).filter({ hasText: "shipment-3" }).filter({ hasText: "in line of shipments" }));
  await screenshot(page, "queues-runs");
  await page.getByRole("link", { name: "Queues" }).click();
  const ago = expect.stringMatching(/ago$|^now$/u) as string;
  await expect
    .poll(() => cells(page, "Queues", "mail"))
    .toEqual(["3 at once, 1 a key, 100 a minute", "3 of 3", "6", ago]);
  await expect.poll(() => cells(page, "Queues", "shipments")).toEqual(["1 at once", "1 of 1", "2", ago]);

  await page.getByRole("link", { name: "mail", exact: true }).click();
  await seen(page.getByRole("heading", { name: "mail", level: 1 }));
  const keys = "Keys of the queue";
  await expect.poll(() => cells(page, keys, "ada")).toEqual(["1", "4", ago]);
  await expect.poll(() => cells(page, keys, "kim")).toEqual(["0", "1", ago]);
  // another process sends it, and the page follows
  writeFileSync(join(scenery.directory, "sent-1"), "");
  await expect.poll(() => cells(page, keys, "kim")).toEqual([]);
  await expect.poll(() => cells(page, keys, "ada")).toEqual(["1", "3", ago]);
  await page.goBack();
  await expect
    .poll(() => cells(page, "Queues", "mail"))
    .toEqual(["3 at once, 1 a key, 100 a minute", "1 of 3", "3", ago]);
});

test("a run, and a task, say that they stand in line, and lead to the queue", async () => {
  const page = await open(routes.run);
  const waits = page.getByRole("listitem").filter({ hasText: "its turn in line of shipments" });
  await seen(waits);
  await go(page, routes.step);
  await seen(page.getByRole("listitem").filter({ hasText: "the turn of send in line of mail (key ada)" }));
  await seen(stepRow(page, "send[0]"));
  const panel = page.getByRole("complementary");
  await seen(panel.getByText("waiting", { exact: true }));
  await panel.getByRole("link", { name: "mail" }).click();
  await seen(page.getByRole("heading", { name: "mail", level: 1 }));
});
