/** Large stores: 10,000 runs, and a run of 10,000 steps. Times are compared with those of reading the same rows with better-sqlite3, in the same process. */
import Database from "better-sqlite3";
import { join } from "node:path";
import { expect, test } from "vitest";
import { screenshot } from "./browser.ts";
import { runRows, seen, stage, stepRow } from "./stage.ts";

const inspector = stage((scenery) => scenery.play("many"));

/** Milliseconds of the fastest of some tries: what else the machine does is not in it. */
async function fastest(tries: number, work: () => unknown): Promise<number> {
  let best = Infinity;
  for (let nth = 0; nth < tries; nth++) {
    const began = performance.now();
    await work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

function rows(sql: string): unknown[] {
  const database = new Database(join(inspector.scenery.directory, "runs.db"), { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

async function read<T>(path: string): Promise<T> {
  const { origin, hash } = new URL(inspector.url);
  const headers = { authorization: `Bearer ${hash.replace("#token=", "")}` };
  const response = await fetch(`${origin}/api/${path}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

interface List {
  readonly runs: readonly { readonly id: string; readonly cursor: string }[];
  readonly hasMore: boolean;
}

async function everyRun(): Promise<string[]> {
  const ids: string[] = [];
  for (let page: List | undefined; page?.hasMore ?? true;) {
    const after = page?.runs.at(-1)?.cursor;
    page = await read<List>(`runs?limit=1000${after === undefined ? "" : `&after=${encodeURIComponent(after)}`}`);
    ids.push(...page.runs.map(({ id }) => id));
  }
  return ids;
}

test("10,000 runs are listed by the API in little more time than reading them takes", async () => {
  expect(new Set(await everyRun())).toHaveLength(10_001);
  const first = await fastest(10, () => read("runs"));
  const all = await fastest(3, everyRun);
  const raw = await fastest(10, () => rows("SELECT * FROM runs ORDER BY created_at DESC"));
  console.log(`10,001 runs: first page ${first.toFixed(1)} ms, all ${all.toFixed(0)} ms, raw ${raw.toFixed(1)} ms`);
  expect(first).toBeLessThan(raw * 5);
  expect(all / raw).toBeLessThan(50);
});

test("the first screen of a run of 10,000 steps does not wait for all of them", async () => {
  const page = await inspector.open("/runs");
  const began = performance.now();
  await page.evaluate(`location.hash = "/run/long-1"`);
  await seen(stepRow(page, "tick[0]"));
  const first = performance.now() - began;
  await screenshot(page, "10000-steps");
  await seen(page.getByText("10,000 steps", { exact: true }));
  const all = performance.now() - began;
  const raw = await fastest(5, () => rows("SELECT * FROM steps"));
  console.log(`10,000 steps: first screen ${first.toFixed(0)} ms, all ${all.toFixed(0)} ms, raw ${raw.toFixed(1)} ms`);
  expect(first).toBeLessThan(raw * 100);

  // only what is near the window is in the page, and the end can be reached
  expect(await page.getByRole("treegrid").getByRole("row").count()).toBeLessThan(200);
  await page.keyboard.press("j");
  await expect.poll(() => page.evaluate<string>(`document.activeElement.textContent`)).toContain("tick[0]");
  await page.keyboard.press("End");
  await seen(stepRow(page, "for[9999]"));
  expect(await page.getByRole("treegrid").getByRole("row").count()).toBeLessThan(200);
});

test("a list of 10,000 runs is read as it is scrolled, and only what is near the window is in the page", async () => {
  const page = await inspector.open("/runs");
  const loaded = async (): Promise<number> => {
    await page.evaluate(`scrollTo(0, document.documentElement.scrollHeight)`);
    const text = (await page.getByRole("status").filter({ hasText: "runs" }).textContent()) ?? "";
    return parseInt(text.replace(",", ""), 10);
  };
  await expect.poll(loaded, { timeout: 30_000, interval: 20 }).toBeGreaterThan(900);
  expect(await runRows(page).count()).toBeLessThan(200);
});
