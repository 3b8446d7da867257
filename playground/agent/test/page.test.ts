/** The page in a real browser, while its server is killed. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch, open } from "../../../test/inspector/browser.ts";
import { freePort } from "../../../test/servers.ts";
import { ServerProcess } from "../launcher/server-process.ts";

const root = join(import.meta.dirname, "..");
const home = join(root, ".perdure/test-page");

let browser: Browser;
beforeAll(async () => {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  await build({ root, logLevel: "error", build: { outDir: join(home, "build"), emptyOutDir: true } });
  browser = await launch();
}, 120_000);
afterAll(() => browser.close());

let server: ServerProcess;
beforeEach(async () => {
  for (const file of ["perdure.db", "perdure.db-wal", "perdure.db-shm", "outbox.log"])
    rmSync(join(home, file), { force: true });
  server = new ServerProcess(home, await freePort());
  await server.start();
});
afterEach(() => server.stop());

/** How many words of the page are looked for at a time. */
const wordsOf = async (page: Page): Promise<number> =>
  (await page.locator("#answer .text").allTextContents()).join(" ").split(/\s+/u).length;

async function untilWords(page: Page, count: number): Promise<void> {
  await expect.poll(() => wordsOf(page), { timeout: 30_000, interval: 10 }).toBeGreaterThanOrEqual(count);
}

async function killAndStart(): Promise<void> {
  await server.kill();
  await server.start();
}

const outbox = (): string[] => {
  try {
    return readFileSync(join(home, "outbox.log"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
};

test("the page shows each word once although its server is killed twice, and the approved e-mail is sent once", async () => {
  const { page, context, errors } = await open(browser, server.url);
  await page.getByRole("button", { name: "Ask" }).click();
  await untilWords(page, 5);
  await killAndStart();
  await page.locator(".tool").nth(2).waitFor({ timeout: 30_000 });
  await untilWords(page, 60);
  await killAndStart();
  const approval = page.locator(".approval");
  await approval.waitFor({ timeout: 30_000 });
  expect(await approval.textContent()).toContain("May the agent use sendEmail?");
  expect(outbox()).toEqual([]);
  await approval.getByRole("button", { name: "Approve" }).click();
  await expect.poll(() => page.locator("#state").textContent(), { timeout: 30_000 }).toBe("done");
  const [mail] = outbox().map((line) => JSON.parse(line) as { readonly body: string });
  expect(outbox()).toHaveLength(1);
  expect(await page.locator("#answer .text").allTextContents()).toEqual([
    "I look that up in the library, and what it has about hearts as well.",
    "Now I compare the hearts.",
    `${mail?.body} I send you that by e-mail.`,
    "The e-mail is sent.",
  ]);
  expect(await page.locator("#answer .tool").count()).toBe(4);
  // whoever comes later sees the same
  const before = await page.locator("#answer").innerHTML();
  await page.reload();
  await expect.poll(() => page.locator("#state").textContent(), { timeout: 30_000 }).toBe("done");
  expect(await page.locator("#answer").innerHTML()).toBe(before);
  expect(errors.filter((error) => !error.includes("ERR_CONNECTION") && !error.includes("ERR_INCOMPLETE"))).toEqual([]);
  await context.close();
}, 120_000);

test("an e-mail that is denied is not sent, and the model is told", async () => {
  const { page, context } = await open(browser, server.url);
  await page.getByRole("textbox").fill("How large is a giraffe?");
  await page.getByRole("button", { name: "Ask" }).click();
  await page.locator(".approval").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Deny" }).click();
  await expect.poll(() => page.locator("#state").textContent(), { timeout: 30_000 }).toBe("done");
  expect((await page.locator("#answer .text").allTextContents()).at(-1)).toBe(
    "I have not sent the e-mail, as you wish.",
  );
  expect(outbox()).toEqual([]);
  await context.close();
}, 120_000);
