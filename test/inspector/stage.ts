/** The inspector over a store with runs, and a browser, for the tests of one file. */
import axe, { type AxeResults, type RunOptions } from "axe-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { launch, open } from "./browser.ts";
import { Scenery } from "./scenery.ts";

export interface Stage {
  readonly scenery: Scenery;
  readonly browser: Browser;
  /** Address of the inspector, with the token. */
  readonly url: string;
  /**
   * Opens a page. When the test has finished, nothing went wrong in it and it has asked nobody else for anything.
   * @param route - such as `/run/order-1`
   */
  open(route: string, options?: BrowserContextOptions): Promise<Page>;
}

/** Prepares everything before the first test of the file. */
export function stage(prepare: (scenery: Scenery) => Promise<void>, programs?: readonly string[]): Stage {
  const scenery = new Scenery(programs);
  let browser: Browser | undefined;
  let url = "";
  beforeAll(async () => {
    const launched = launch();
    await scenery.build();
    await prepare(scenery);
    url = await scenery.inspect();
    browser = await launched;
  });
  afterAll(async () => {
    await browser?.close();
    scenery.end();
  });
  const ready = (): Browser => {
    if (!browser) throw new Error("the stage is not ready");
    return browser;
  };
  return {
    scenery,
    get browser() {
      return ready();
    },
    get url() {
      return url;
    },
    async open(route, options) {
      const { context, page, strangers, errors } = await open(ready(), url, options);
      onTestFinished(async () => {
        await context.close();
        expect({ strangers, errors }).toEqual({ strangers: [], errors: [] });
      });
      await page.getByRole("table", { name: "Runs" }).waitFor();
      await go(page, route);
      return page;
    },
  };
}

/** Goes to another part of the page, and waits until it is there. */
export async function go(page: Page, route: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(route)}`);
  await expect.poll(() => page.getByText(/^Reading /u).count()).toBe(0);
}

/** The lines of the list of runs. */
export const runRows = (page: Page): Locator =>
  page
    .getByRole("table", { name: "Runs", exact: true })
    .getByRole("row")
    .filter({ has: page.getByRole("cell") });

/** A line of the tree of steps, by what stands in it. */
export const stepRow = (page: Page, text: string | RegExp): Locator =>
  page.getByRole("treegrid").getByRole("row").filter({ hasText: text });

/** Resolves when the element is there and seen. */
export const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ state: "visible" });

/** What a person with a screen reader or little sight stumbles over, as axe-core finds it. */
async function obstacles(page: Page, { runOnly }: Pick<RunOptions, "runOnly"> = {}): Promise<string[]> {
  await page.evaluate(axe.source);
  const options = { resultTypes: ["violations"], ...(runOnly && { runOnly }) };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}

/** How the page may be looked at. */
export const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  narrow: { colorScheme: "light", viewport: { width: 360, height: 740 } },
};

/** What is wrong with the page as it is looked at: obstacles, or that it scrolls sideways. */
export async function obstaclesOf(page: Page, look: string): Promise<object | undefined> {
  // the rest is the same
  const found = await obstacles(page, look === "dark" ? { runOnly: ["color-contrast"] } : {});
  const { scrollWidth, clientWidth } = await page.evaluate<{ scrollWidth: number; clientWidth: number }>(
    `({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })`,
  );
  return found.length > 0 || scrollWidth > clientWidth ? { found, scrollWidth } : undefined;
}
