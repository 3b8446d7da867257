/** What a person finds in the inspector, in a real browser, over the store of real processes. */
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { screenshot } from "./browser.ts";
import { go, looks, obstaclesOf, runRows, seen, stage, stepRow } from "./stage.ts";

const { open } = stage((scenery) => scenery.playAll());

const hostile = `<script>window.executed = true</script><img src="x" onerror="window.executed = true">`;

const routes = {
  runs: "/runs",
  completed: "/run/order-1001",
  step: `/run/order-1001?step=${encodeURIComponent("for[1]/pack[0]")}`,
  failed: "/run/order-1002",
  lives: "/run/nightly-2024-06-01",
  signal: "/run/approval-of-77",
  parent: "/run/purchase-77",
  blocked: "/run/migrate-users",
  hostile: `/run/${encodeURIComponent(`hostile-${hostile}`)}`,
  workflows: "/workflows",
  workflow: "/workflow/order",
  waiting: "/waiting",
} as const;

const ids = async (page: Page): Promise<string[]> =>
  (await runRows(page).getByRole("link").allTextContents()).filter((text) => text !== "");

test("the list has every run, and the filter, the tag and the search leave those that match", async () => {
  const page = await open("/runs");
  await seen(
    runRows(page).filter({ hasText: "order-1002" }).filter({ hasText: "Declined: the card has no 350 euros" }),
  );
  const all = await ids(page);
  expect(all).toHaveLength(9);
  expect([...all].sort()).toEqual(
    [
      "approval-of-77",
      "backup-monday",
      `hostile-${hostile}`,
      "migrate-users",
      "nightly-2024-06-01",
      "order-1001",
      "order-1002",
      "purchase-77",
      "remind-ada",
    ].sort(),
  );
  await screenshot(page, "runs");

  const failed = page.getByRole("button", { name: /^failed/u });
  await failed.click();
  await expect.poll(() => ids(page)).toEqual([`hostile-${hostile}`, "order-1002"]);
  expect(await failed.getAttribute("aria-pressed")).toBe("true");
  await page.reload();
  await expect.poll(() => ids(page)).toEqual([`hostile-${hostile}`, "order-1002"]);
  await failed.click();

  await page.getByRole("searchbox", { name: "Search" }).fill("1001");
  await expect.poll(() => ids(page)).toEqual(["order-1001"]);
  await page.getByRole("searchbox", { name: "Search" }).fill("");
  await page.getByRole("textbox", { name: "Tag" }).fill("berlin");
  await page.getByRole("textbox", { name: "Tag" }).press("Enter");
  await expect.poll(() => ids(page)).toEqual(["order-1002", "order-1001"]);
  await page.getByRole("button", { name: "Remove tag berlin" }).click();
  await page.getByRole("combobox", { name: "Workflow" }).selectOption("nightly");
  await expect.poll(() => ids(page)).toEqual(["nightly-2024-06-01"]);
  await page.getByRole("searchbox", { name: "Search" }).fill("nobody has this id");
  await seen(page.getByText("No run matches this filter."));
});

test("a run shows its steps as a tree, and a step its values and the line that calls it", async () => {
  const page = await open("/runs");
  await page.getByRole("link", { name: "order-1001" }).click();
  await seen(page.getByRole("heading", { name: "order-1001", level: 1 }));
  for (const name of ["for[0]", "pack[0]", "printLabel[0]", "charge[0]"]) await seen(stepRow(page, name));
  expect(await stepRow(page, "printLabel[0]").count()).toBe(3);
  await page.getByText("Input", { exact: true }).click();
  await seen(page.getByLabel("Input of the run").filter({ hasText: "1001" }).filter({ hasText: "35" }));
  await screenshot(page, "run");

  await stepRow(page, "charge[0]").click();
  const panel = page.getByRole("complementary");
  await seen(panel.getByLabel("Output of the step").filter({ hasText: "r-35" }));
  await seen(panel.getByLabel("Input of the step").filter({ hasText: "35" }));
  await seen(
    panel.getByLabel(/^Source at orders\.ts:\d+:\d+$/u).filter({ hasText: "return (await charge(amount)).receipt;" }),
  );
  await screenshot(page, "step");
  await page.reload();
  await seen(panel.getByLabel("Output of the step").filter({ hasText: "r-35" }));
});

test("a failed run says why, where in the source, and in which step", async () => {
  const page = await open(routes.failed);
  await seen(page.getByText("Declined: the card has no 350 euros"));
  const source = page.getByLabel(/^Source at orders\.ts:/u).first();
  expect(await source.textContent()).toMatch(/> \d+.*throw new Declined\(/u);
  await page.getByText("Stack, causes and fields").click();
  const error = await page.getByLabel("The whole error").textContent();
  expect(error).toContain("insufficient_funds");
  expect(error).toMatch(/charge.*orders\.ts:\d+:\d+/u);
  await page.getByRole("button", { name: "charge[0]" }).click();
  await seen(page.getByRole("complementary").getByText("Declined: the card has no 350 euros"));
  // the column is seen, though the line is longer than the panel is wide
  const lines = page
    .getByRole("complementary")
    .getByLabel(/^Source at orders\.ts:/u)
    .first();
  const [around, caret] = await Promise.all([lines.boundingBox(), lines.getByText("^", { exact: true }).boundingBox()]);
  expect(caret?.x).toBeLessThan((around?.x ?? 0) + (around?.width ?? 0));
  await screenshot(page, "failed");
});

test("a task that was retried shows its failed attempts", async () => {
  const page = await open("/run/backup-monday");
  await seen(stepRow(page, /upload\[0\].*3 attempts/u));
  await stepRow(page, "upload[0]").click();
  await seen(page.getByText("503 Service Unavailable (monday.tar)"));
  expect(await page.getByRole("complementary").getByRole("listitem").count()).toBe(2);
  await screenshot(page, "retries");
});

test("a run that was killed twice shows its three lives", async () => {
  const page = await open(routes.lives);
  await seen(page.getByText("3; in 2 of them the process died"));
  expect(await page.getByRole("treegrid").getByRole("row").count()).toBeGreaterThan(8);
  await screenshot(page, "lives");
});

test("a run that waits says for what, and one that is blocked why", async () => {
  const page = await open(routes.signal);
  await seen(page.getByText("Waits for"));
  await seen(page.getByRole("button", { name: "Deliver signal…" }));
  await go(page, routes.parent);
  await seen(page.getByRole("region", { name: "Child runs" }).getByRole("link", { name: "approval-of-77" }));
  await go(page, routes.blocked);
  await seen(page.getByRole("heading", { name: "Blocked" }));
  await seen(page.getByText(/did not reach copyOld\[0\]/u));
  await screenshot(page, "blocked");
  await go(page, routes.waiting);
  const waits = page.getByRole("region", { name: "What runs wait for" }).getByRole("row");
  await seen(waits.filter({ hasText: "remind-ada" }).filter({ hasText: "sleep" }));
  const decision = waits.filter({ hasText: "approval-of-77" }).filter({ hasText: "decision" });
  await seen(decision.getByRole("button", { name: "Deliver signal…" }));
  await screenshot(page, "waiting");
});

test("workflows have counts, failure rates and times, and the graph of their code", async () => {
  const page = await open(routes.workflows);
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "order", exact: true }) });
  await seen(row.filter({ hasText: "50" }));
  await screenshot(page, "workflows");
  await row.getByRole("link", { name: "order", exact: true }).click();
  const graph = page.getByRole("region", { name: "What the workflow is made of" });
  for (const name of ["order", "pack", "charge"]) await seen(graph.getByText(name, { exact: true }));
  await seen(graph.getByText("loop"));
  await screenshot(page, "workflow");
});

test("values of programs are text: nothing of them is executed, and long ones are cut", async () => {
  const page = await open(routes.hostile);
  await seen(page.getByRole("heading", { name: `hostile-${hostile}` }));
  await seen(page.getByText(`Error: ${hostile}`));
  await page.getByText("Stack, causes and fields").click();
  await page.getByText("Input", { exact: true }).click();
  await stepRow(page, "attack[0]").click();
  await seen(page.getByLabel("Output of the step").filter({ hasText: hostile }));
  await stepRow(page, "dump[0]").click();
  await seen(page.getByText("This is only the beginning of a long value."));
  const shown = (await page.getByLabel("Output of the step").textContent()) ?? "";
  expect(shown).toContain(hostile);
  expect(shown.length).toBeLessThan(200_000);
  await go(page, "/runs");
  await seen(runRows(page));
  expect(await page.evaluate(() => "executed" in globalThis)).toBe(false);
  expect(await page.locator("img").count()).toBe(0);
  await screenshot(page, "hostile");
});

test("everything can be reached with the keyboard", async () => {
  const page = await open("/runs");
  const focused = (): Promise<string> => page.evaluate<string>(`document.activeElement?.textContent?.trim() ?? ""`);
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("To the content");
  await page.keyboard.press("/");
  await page.keyboard.type("order-100");
  await expect.poll(() => ids(page)).toEqual(["order-1002", "order-1001"]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await expect.poll(focused).toBe("order-1002");
  await page.keyboard.press("j");
  await expect.poll(focused).toBe("order-1001");
  await page.keyboard.press("Enter");
  await seen(page.getByRole("heading", { name: "order-1001" }));

  await seen(stepRow(page, "charge[0]"));
  const folded = stepRow(page, "for[0]").first();
  await page.keyboard.press("j");
  await expect.poll(focused).toMatch(/^printLabel\[0\]/u);
  await page.keyboard.press("Home");
  await expect.poll(focused).toMatch(/^for\[0\]/u);
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => folded.getAttribute("aria-expanded")).toBe("false");
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => folded.getAttribute("aria-expanded")).toBe("true");
  await page.keyboard.press("End");
  await expect.poll(focused).toMatch(/^charge\[0\]/u);
  await page.keyboard.press("Enter");
  await seen(page.getByRole("complementary"));
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("complementary").count()).toBe(0);

  // a dialog keeps the focus, closes with Escape, and leaves the run where it is
  const restart = page.getByRole("button", { name: "Restart…" });
  await restart.focus();
  await page.keyboard.press("Enter");
  await seen(page.getByRole("dialog", { name: "Restart this run?" }));
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  await expect.poll(focused).toBe("Restart…");
  await seen(page.getByRole("heading", { name: "order-1001" }));
  await page.keyboard.press("Escape");
  await expect.poll(() => ids(page)).toEqual(["order-1002", "order-1001"]);
  await page.keyboard.press("?");
  await seen(page.getByRole("dialog", { name: "Keys" }));
});

test.each(Object.entries(looks))(
  "no page has an obstacle in the look %s, nor scrolls sideways",
  async (look, options) => {
    const page = await open("/runs", options);
    const found: Record<string, unknown> = {};
    for (const [name, route] of Object.entries(routes)) {
      await go(page, route);
      if (route.includes("?step=")) await seen(page.getByLabel("Output of the step"));
      await screenshot(page, `${look}-${name}`);
      const here = await obstaclesOf(page, look);
      if (here) found[name] = here;
    }
    expect(found).toEqual({});
    const colour = await page.evaluate<string>(`getComputedStyle(document.documentElement).backgroundColor`);
    const [background = 0] = (colour.match(/\d+/gu) ?? []).map(Number);
    expect(background < 128).toBe(look === "dark");
  },
);

test("without the token, nothing is shown, and the address does not keep it", async () => {
  const page = await open(routes.failed);
  expect(page.url()).not.toContain("token");
  const other = await page.context().newPage(); // another tab, so without what the first one keeps
  await other.goto(page.url());
  await seen(other.getByRole("heading", { name: "This inspector wants a token" }));
  expect(await other.getByRole("main").textContent()).not.toContain("Declined");
});
