import { openStore } from "perdure";
import { describe, expect, test } from "vitest";
import { freshStore, Program, run, runAndKillAt } from "./program.ts";

/** Resolves when the first call of the task has its checkpoint: what a task prints comes before that. */
async function isRecorded(url: string, run: string, task: string): Promise<void> {
  const store = openStore(url);
  await store.open();
  const steps = async (): Promise<string[]> =>
    (await store.steps(run)).filter(({ state }) => state === "completed").map(({ id }) => id);
  await expect.poll(steps).toContain(`${task}[0]`);
  await store.close();
}

const starting = (lines: readonly string[], start: string): string[] => lines.filter((line) => line.startsWith(start));

describe("the example order-pipeline", () => {
  test("a restarted order is shipped without being charged again", async () => {
    const store = freshStore();
    const before = await runAndKillAt("order-pipeline", store, /^shipping/);
    expect(starting(before, "reserving")).toHaveLength(3);
    expect(starting(before, "charging 149 with key order-A-17/charge[0]")).toHaveLength(1);

    expect(await run("order-pipeline", store)).toEqual([
      "shipping 3 items from shelf-4, shelf-6, shelf-5",
      "mailing ada@example.com: payment-for-A-17, parcel-of-A-17",
      "done: parcel-of-A-17",
    ]);
    expect(await run("order-pipeline", store)).toEqual(["done: parcel-of-A-17"]);
  });
});

describe("the example flaky-api", () => {
  test("a request is retried after a temporary error, but not after a permanent one", async () => {
    expect(await run("flaky-api", freshStore())).toEqual([
      "GET /lamp → 503",
      "GET /lamp → 503",
      "GET /lamp → 200",
      "GET /unicorn → 404",
      "[ 'lamp: 49', 'unicorn: there is no unicorn' ]",
    ]);
  });
});

describe("the example crm-sync", () => {
  test("a killed loop resumes at the record it was processing", async () => {
    const store = freshStore();
    const before = await runAndKillAt("crm-sync", store, /^pushing contact-4/);
    const after = await run("crm-sync", store);
    expect(starting(before, "looking")).toEqual(["looking for the address of contact-2"]);
    expect(after.filter((line) => !line.startsWith("pushing"))).toEqual(["done: 8 contacts"]);

    const [pushedBefore, pushedAfter] = [starting(before, "pushing"), starting(after, "pushing")];
    const interrupted = pushedBefore.at(-1);
    const finished = pushedBefore.filter((line) => line !== interrupted);
    expect(pushedAfter.filter((line) => finished.includes(line))).toEqual([]);
    expect(new Set([...pushedBefore, ...pushedAfter]).size).toBe(8);
  });
});

describe("the example backoffs", () => {
  /** Rounding errors of the two measured times and of the timer, in milliseconds. */
  const rounding = 3;
  const waits = (lines: readonly string[], task: string): number[] => {
    const times = lines.filter((line) => line.includes(`: ${task}, attempt`)).map((line) => Number.parseInt(line, 10));
    return times.slice(1).map((time, i) => time - (times[i] ?? 0));
  };
  test.each([
    ["exponential", [2000]],
    ["linear", [100, 300, 500]],
    ["constant", [200, 200, 200]],
    ["own", [50, 200, 450]],
  ])("the %s backoff waits at least as long as configured", async (task, expected) => {
    const measured = waits(await backoffs(), task);
    expect(measured).toHaveLength(expected.length);
    for (const [i, wait] of expected.entries()) expect(measured[i]).toBeGreaterThanOrEqual(wait - rounding);
  });

  let lines: Promise<string[]> | undefined;
  const backoffs = (): Promise<string[]> => (lines ??= run("backoffs", freshStore()));
});

describe("the example explicit-id", () => {
  test("an explicit id identifies one run, which refuses another input", async () => {
    expect(await run("explicit-id", freshStore())).toEqual([
      "fetching analyst-1",
      "rendering 2024-01-15",
      "the-weekly-report: report of 2024-01-15 by Alice",
      "the-weekly-report again: report of 2024-01-15 by Alice",
      expect.stringMatching(/^refused: /),
      "completed, one of 1",
    ]);
  });
});

describe("the example typed-models", () => {
  test("a replay recreates the model from the stored result", async () => {
    const store = freshStore();
    expect(await runAndKillAt("typed-models", store, /^booking/)).toEqual([
      "refused: SCHEMA_REFUSED",
      "fetching INV-7",
      "an Invoice: true, total 1840.5",
      "booking INV-7",
    ]);
    expect(await run("typed-models", store)).toEqual([
      "refused: SCHEMA_REFUSED",
      "an Invoice: true, total 1840.5",
      "booking INV-7",
      "INV-7 booked: EUR 1840.50 for Acme",
    ]);
  });
});

describe("the example approval-server", () => {
  test("an order still waits for its approval after a SIGKILL and a restart", async () => {
    const store = freshStore();
    const first = await Server.start(store);
    expect(await first.post("/orders", { id: "17", total: 12_500 })).toEqual({ run: "order-17" });
    await first.program.line(/^validating 17/);
    await isRecorded(store, "order-17", "validate");
    await first.program.kill();

    const second = await Server.start(store);
    expect(await second.post("/orders/17/approve", { approved: true, by: "Ada" })).toEqual({ delivered: true });
    // kept if the order has not ended yet; the first delivery decides in any case
    expect(await second.post("/orders/17/approve", { approved: false, by: "Bob" })).toHaveProperty("delivered");
    await second.program.line(/^fulfilling 17, approved by Ada/);
    await expect.poll(() => second.get("/orders/17")).toBe("completed");
    expect(starting(second.program.lines, "validating")).toEqual([]);

    await second.program.kill("SIGTERM");
    await second.program.output();
  });

  class Server {
    readonly program: Program;
    private readonly url: string;

    private constructor(program: Program, port: string) {
      this.program = program;
      this.url = `http://localhost:${port}`;
    }

    static async start(store: string): Promise<Server> {
      const program = new Program("approval-server", store, { PORT: "0" });
      const listening = await program.line(/^listening/);
      return new Server(program, listening.replace(/\D+/, ""));
    }

    async post(path: string, body: unknown): Promise<unknown> {
      return (await fetch(this.url + path, { method: "POST", body: JSON.stringify(body) })).json();
    }

    async get(path: string): Promise<unknown> {
      return (await fetch(this.url + path)).json();
    }
  }
});

describe("the example queue-twice", () => {
  test("a message delivered several times, even to another process, is processed once", async () => {
    const store = freshStore();
    const results = ["[ 'january.csv: 6', 'february.csv: 6', 'january.csv: 6' ]", "january.csv: 6"];
    const lines = await run("queue-twice", store);
    expect(starting(lines, "fetching").sort()).toEqual(["fetching february.csv", "fetching january.csv"]);
    expect(starting(lines, "saving").sort()).toEqual(["saving february.csv", "saving january.csv"]);
    expect(lines.slice(-2)).toEqual(results);
    expect(await run("queue-twice", store)).toEqual(results);
  });
});
