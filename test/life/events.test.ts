/** What happens to runs and steps, as hooks and logs get it. */
import { expect, onTestFinished, test, vi } from "vitest";
import { close, configure, recover, signal, sleep, start, type Logger, type RuntimeEvent } from "perdure";
import { advance, settled, setup } from "perdure/testing";

const seen: RuntimeEvent[] = [];
const lines: { readonly level: string; readonly message: string; readonly fields: Record<string, unknown> }[] = [];

const logger: Logger = {
  debug: (message, fields) => void lines.push({ level: "debug", message, fields }),
  info: (message, fields) => void lines.push({ level: "info", message, fields }),
  warn: (message, fields) => void lines.push({ level: "warn", message, fields }),
  error: (message, fields) => void lines.push({ level: "error", message, fields }),
};

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  seen.length = lines.length = 0;
  onTestFinished(close);
  return setup({ logger, lease: "1h", pollInterval: "1s", onEvent: (event) => void seen.push(event), ...options });
}

async function charge(amount: number): Promise<number> {
  "use task: retries=1, backoff=constant(1m)";
  if (amount < 0) throw new RangeError(`cannot charge ${amount}`);
  return amount;
}

export async function order(_id: string, amount: number): Promise<number> {
  "use workflow: id={_id}";
  return charge(amount);
}

export async function rests(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  await sleep("1d");
  return signal("go", { timeout: "1s" }).catch(() => "late");
}

export async function unstorable(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return () => 1;
}

const short = ({ subject, type, ...event }: RuntimeEvent): string =>
  `${subject} ${type}${"attempt" in event ? ` ${event.step} ${event.attempt}` : ""}`;

test("onEvent gets everything that happens to a run and its steps", async () => {
  const { clock } = begin();
  const at = new Date(clock.now());
  const run = await start(order, ["a", 5]);
  await run.result();
  expect(seen.map(short)).toEqual([
    "run started",
    "step started charge[0] 1",
    "step executed charge[0] 1",
    "run completed",
  ]);
  expect(seen[2]).toEqual({
    subject: "step",
    type: "executed",
    at,
    run: "a",
    workflow: "order",
    step: "charge[0]",
    kind: "task",
    name: "charge",
    attempt: 1,
    location: expect.stringMatching(/^test\/life\/events\.test\.ts:\d+:\d+$/) as string,
    startedAt: at,
    finishedAt: at,
  });
});

test("a retry and a failed run are in the log at the default level, with error, step, place and time", async () => {
  const { clock } = begin();
  const began = clock.now();
  await start(order, ["b", -1]);
  await advance("2m");
  const next = new Date(began + 60_000).toISOString();
  expect(lines.map(({ level, message }) => `${level} ${message.replace(/\(\S+?\)/, "(here)")}`)).toEqual([
    `warn attempt 1 of charge[0] of run b (here) failed, the next one is at ${next}: RangeError: cannot charge -1`,
    "error run b of the workflow order failed at charge[0] (here): RangeError: cannot charge -1",
  ]);
  const location = expect.stringMatching(/events\.test\.ts:\d+:\d+$/) as string;
  expect(lines[1]?.fields).toMatchObject({
    run: "b",
    workflow: "order",
    step: "charge[0]",
    location,
    error: "RangeError: cannot charge -1",
  });
  expect(seen.map(short)).toEqual([
    "run started",
    "step started charge[0] 1",
    "step retrying charge[0] 1",
    "step started charge[0] 2",
    "step failed charge[0] 2",
    "run failed",
  ]);
  expect(seen.at(-1)).toMatchObject({ error: new RangeError("cannot charge -1"), step: "charge[0]" });
});

test("a blocked run is in the log once, whether its result is awaited or not", async () => {
  begin();
  await start(unstorable, ["u"]);
  await settled();
  const blocked = /^run u of the workflow unstorable is blocked: PerdureError: .* a function/;
  expect(lines).toMatchObject([{ level: "error", message: expect.stringMatching(blocked), fields: { run: "u" } }]);
  expect(lines[0]?.fields["code"]).toBe("VALUE_NOT_STORABLE");
  lines.length = 0;
  await expect((await start(unstorable, ["u2"])).result()).rejects.toThrow();
  await settled();
  expect(lines.filter(({ message }) => message.includes("u2"))).toHaveLength(1);
});

test("at the level info, the log has the life of each run", async () => {
  const { crash, clock } = begin({ logLevel: "info", suspendAfter: "1m" });
  const began = clock.now();
  await start(rests, ["r"]);
  await advance("2m");
  crash();
  await recover();
  await advance("2d");
  expect(lines.map(({ message }) => message)).toEqual([
    "run r of the workflow rests started",
    `run r of the workflow rests left memory, until ${new Date(began + 86_400_000).toISOString()}`,
    "run r of the workflow rests resumed",
    expect.stringMatching(/^failed signal:go\[0\] of run r .*: TimeoutError/) as string,
    `run r of the workflow rests completed after ${86_400_000 + 1000} ms`,
  ]);
});

test("redact() decides what events and the log show of errors", async () => {
  begin({ redact: () => "***" });
  await start(order, ["b", -1]);
  await advance("2m");
  expect(lines.map(({ message }) => message.includes("RangeError"))).toEqual([false, false]);
  expect(seen.at(-1)?.error).toBe("***");
});

test("onEvent that throws is in the log and fails no run", async () => {
  begin({
    onEvent: () => {
      throw new Error("a mistake in the hook");
    },
  });
  expect(await (await start(order, ["a", 5])).result()).toBe(5);
  expect(lines[0]?.message).toBe("onEvent threw: Error: a mistake in the hook");
});

test("a logger that takes the fields first, as pino and bunyan do, gets them first", async () => {
  const got: unknown[][] = [];
  const note = (...args: unknown[]): void => void got.push(args);
  const pino = { debug: note, info: note, warn: note, error: note, bindings: () => ({}) };
  begin({ logger: pino });
  await start(order, ["b", -1]);
  await advance("2m");
  expect(got[1]).toEqual([
    expect.objectContaining({ run: "b", step: "charge[0]" }),
    expect.stringMatching(/^run b of the workflow order failed at/),
  ]);
});

test("on a terminal, each message is one line", async () => {
  onTestFinished(close);
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  onTestFinished(() => write.mockRestore());
  configure({ store: "memory:" });
  await start(unstorable, ["u"]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(written.join("")).toMatch(/^perdure error run u of the workflow unstorable is blocked: [^\n]*→[^\n]*\n$/);
});
