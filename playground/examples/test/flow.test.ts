/** The examples of queues, starts and schedules. */
import { describe, expect, onTestFinished, test } from "vitest";
import { close, listRuns, worker } from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { freshStore, Program, run, runAndKillAt } from "./program.ts";

const starting = (lines: readonly string[], start: string): string[] => lines.filter((line) => line.startsWith(start));

describe("the example rate-limited-mailer", () => {
  test("never more than three at once and eight in a second, also when the process was killed", async () => {
    const store = freshStore();
    const lives = [
      await runAndKillAt("rate-limited-mailer", store, /sent reader-9@/),
      await run("rate-limited-mailer", store),
    ];
    const [before = [], after = []] = lives;
    expect(after.at(-1)).toBe("done: 20 mails");

    const times = lives.flat().flatMap((line) => (line.includes("sending") ? [Number.parseInt(line, 10)] : []));
    expect(times.length).toBeGreaterThanOrEqual(20);
    for (let i = 8; i < times.length; i++) expect((times[i] ?? 0) - (times[i - 8] ?? 0)).toBeGreaterThanOrEqual(1000);

    for (const lines of lives) {
      let most = 0;
      let now = 0;
      for (const line of lines) {
        if (line.includes("sending")) most = Math.max(most, ++now);
        else if (line.includes(" sent ")) now--;
      }
      expect(most).toBeLessThanOrEqual(3);
    }
    const sent = lives.flat().flatMap((line) => line.split(" sent ").slice(1));
    expect(new Set(sent).size).toBe(20);
    // only what was on its way when the process died may be sent again
    expect(sent.length - 20).toBeLessThanOrEqual(3);
    expect(before.length).toBeGreaterThan(0);
  });
});

describe("the example per-customer", () => {
  test("each customer's orders are processed one after the other, and no customer waits for another", async () => {
    const store = freshStore();
    const lines = await run("per-customer", store);
    const of = (customer: string): string[] =>
      lines.filter((line) => !line.startsWith("done") && line.split(" ")[1] === customer);
    for (const [customer, orders] of [
      ["ada", [1, 2, 3]],
      ["bob", [1, 2]],
      ["cleo", [1]],
    ] as const)
      expect(of(customer)).toEqual(orders.flatMap((n) => [`charging ${customer} ${n}`, `shipped ${customer} ${n}`]));
    const firstShipped = lines.findIndex((line) => line.startsWith("shipped"));
    expect(lines.slice(0, firstShipped).sort()).toEqual(["charging ada 1", "charging bob 1", "charging cleo 1"]);
    expect(lines.at(-1)).toBe("done: ada 1, ada 2, ada 3, bob 1, cleo 1, bob 2");
    expect(await run("per-customer", store)).toEqual([lines.at(-1)]);
  });

  test("after a SIGKILL it goes on in order", async () => {
    const store = freshStore();
    const before = await runAndKillAt("per-customer", store, /^charging ada 2/);
    const after = await run("per-customer", store);
    expect(starting(before, "shipped ada")).toEqual(["shipped ada 1"]);
    expect(starting(after, "shipped ada")).toEqual(["shipped ada 2", "shipped ada 3"]);
  });
});

describe("the example search-index", () => {
  test("saves that follow one another closely are indexed once, with the last text", async () => {
    const store = freshStore();
    const lines = await run("search-index", store);
    expect(starting(lines, "saved")).toHaveLength(4);
    expect(starting(lines, "indexing").sort()).toEqual(["indexing guide: Once upon a time", "indexing news: Today"]);
    expect(lines.at(-1)).toBe("done: guide: Once upon a time, news: Today");
  });
});

describe("the example batch-insert", () => {
  test("events are inserted five at a time, and the rest after a while", async () => {
    const lines = await run("batch-insert", freshStore());
    expect(starting(lines, "inserting").sort()).toEqual([
      "inserting 1 2 3 4 5",
      "inserting 11 12",
      "inserting 6 7 8 9 10",
    ]);
    expect(lines.at(-1)).toBe("done: batches of 5, 5, 2");
  });

  test("no event that was recorded is lost by a SIGKILL", async () => {
    const store = freshStore();
    const before = await runAndKillAt("batch-insert", store, /^recorded/);
    const after = await run("batch-insert", store);
    const inserted = starting([...before, ...after], "inserting").flatMap((line) => line.split(" ").slice(1));
    for (let id = 1; id <= 12; id++)
      expect(inserted.filter((each) => each === `${id}`).length, `event ${id}`).toBeGreaterThanOrEqual(2);
  });
});

describe("the example nightly-report", () => {
  test("it is mailed at six in Vienna, once each day, also when clocks change and a night is missed", async () => {
    const { clock, crash } = setup({ now: new Date("2026-03-27T12:00:00Z"), logLevel: "silent" });
    onTestFinished(close);
    await import("../src/nightly-report.ts");
    await advance("2d"); // clocks are set forward in the night to the 29th
    await settled();
    const days = async (): Promise<string[]> => (await listRuns({ workflow: "report" })).map(({ id }) => id).reverse();
    expect(await days()).toEqual(["nightly@2026-03-28T05:00:00.000Z", "nightly@2026-03-29T04:00:00.000Z"]);

    crash();
    await clock.advance(3 * 24 * 3600_000, settled); // nobody is there for three nights
    worker();
    await advance("1m");
    expect((await days()).slice(2)).toEqual(["nightly@2026-04-01T04:00:00.000Z"]);
    for (const { status } of await listRuns({ workflow: "report" })) expect(status).toBe("completed");
  });

  test("two processes know one schedule, and end in order", async () => {
    const store = freshStore();
    const programs = [new Program("nightly-report", store), new Program("nightly-report", store)];
    const next = await Promise.all(programs.map((program) => program.line(/^next/)));
    expect(next[0]).toMatch(/^next: \d{4}-\d\d-\d\dT0[45]:00:00.000Z$/);
    expect(next[1]).toBe(next[0]);
    for (const program of programs) await program.kill("SIGTERM");
  });
});
