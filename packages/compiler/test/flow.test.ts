import { createRequire } from "node:module";
import { parseManifest } from "@perdure/protocol";
import { describe, expect, test } from "vitest";
import { readDirective } from "../src/directives/directive.ts";
import { compileFile } from "./execute.ts";

const read = (text: string) => {
  const reading = readDirective(text);
  expect([text, reading?.problems]).toEqual([text, []]);
  return reading?.directive;
};
const flow = (args: string) => read(`use task: ${args}`)?.flow;
const workflow = (args: string) => {
  const directive = read(`use workflow: ${args}`);
  return directive?.kind === "workflow" ? directive : undefined;
};
/** The codes, and what each is about. */
const problems = (text: string) =>
  readDirective(text)?.problems.map(({ code, start, end }) => `${code} ${text.slice(start, end)}`);

const program = `
export async function send(to: string, { customer }: { customer: { id: string } }) {
  "use task: retries=1, queue=mail, key={customer.id}-{to}, priority=-1";
}
export async function fetchPage(url: string) {
  "use task: concurrency=5, perKey=1, rate=10/1m, key={url}";
}
export async function ship(id: string) {
  "use workflow: id=ship-{id}, queue=shipments, key={id}, hold=true, timeout=1h";
}
export async function report(day = "today") {
  "use workflow: cron='0 6 * * *', timezone='Europe/Vienna', jitter=30s, catchUp=last, overlap=queue, concurrency=1";
}
export const ping = async (_signal?: AbortSignal) => {
  "use workflow: every=1h, name=heartbeat";
};
`;

test("the library for cron expressions is loaded only for one", () => {
  const { cache } = createRequire(import.meta.url);
  const isLoaded = (): boolean => Object.keys(cache).some((path) => /[\\/]croner[\\/]/.test(path));
  compileFile({ "a.ts": program.replace(/cron='.*?', timezone='.*?'/, "every=1h") }, "a.ts");
  expect(isLoaded()).toBe(false);
  compileFile({ "a.ts": program }, "a.ts");
  expect(isLoaded()).toBe(true);
});

describe("queues and limits in a directive", () => {
  test("a queue is named, with the key and the priority of what stands in line", () => {
    expect(flow("queue=mail")).toEqual({ queue: "mail" });
    expect(flow("queue='eu:mail-2.high_prio', priority=-5")).toEqual({ queue: "eu:mail-2.high_prio", priority: -5 });
    expect(flow("queue=mail, priority=0")).toEqual({ queue: "mail", priority: 0 });
    expect(flow("queue=mail, key=a-{order.id}")).toEqual({
      queue: "mail",
      key: ["a-", { placeholder: "order.id", format: undefined, start: 28, end: 38 }],
    });
    expect(workflow("queue=mail, hold=true")?.flow).toEqual({ queue: "mail", hold: true });
    expect(workflow("queue=mail, hold=false")?.flow).toEqual({ queue: "mail" });
  });

  test("limits are counts, and a rate has a period with its unit", () => {
    expect(flow("concurrency=5")).toEqual({ limits: { concurrency: 5 } });
    expect(flow("perKey=1, key=x")).toEqual({ limits: { perKey: 1 }, key: ["x"] });
    expect(flow("rate=10/1m, priority=1")).toEqual({ limits: { rate: { limit: 10, per: 60_000 } }, priority: 1 });
    expect(flow("rate='1 / 2.5 hours', concurrency=1")).toEqual({
      limits: { concurrency: 1, rate: { limit: 1, per: 9_000_000 } },
    });
  });

  test("a directive without them has none, and options stay as they are", () => {
    expect(read("use task: retries=1")).toEqual({ kind: "task", options: { retries: 1 } });
    expect(read("use task: concurrency=1")).toEqual({
      kind: "task",
      options: undefined,
      flow: { limits: { concurrency: 1 } },
    });
    expect(workflow("id=x")).toEqual({ kind: "workflow", id: ["x"] });
  });

  test("wrong values are refused at their argument", () => {
    for (const arg of ["queue=two words", "queue=a/b", "queue=''", "queue={x}"])
      expect(problems(`use task: ${arg}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID ${arg}`]);
    for (const arg of ["1.5", "high", "", "+", "--1", "1e3"])
      expect(problems(`use task: queue=a, priority=${arg}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID priority=${arg}`]);
    for (const name of ["concurrency", "perKey"])
      for (const value of ["0", "-1", "1.5", "many", ""])
        expect(problems(`use task: key=x, ${name}=${value}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID ${name}=${value}`]);
    for (const value of ["10", "0/1m", "10/0s", "10/60", "10/m", "10/1 fortnight", "1.5/1s", "-1/1s", "/1s", "1/-1s"])
      expect(problems(`use task: rate=${value}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID rate=${value}`]);
    expect(problems("use workflow: queue=a, hold=1")).toEqual(["DIRECTIVE_ARGUMENT_INVALID hold=1"]);
    expect(problems("use task: queue=a, hold=true")).toEqual(["DIRECTIVE_ARGUMENT_UNKNOWN hold=true"]);
    expect(problems("use task: queue=a, key={")).toEqual(["DIRECTIVE_ARGUMENT_INVALID {"]);
    expect(problems("use task: queue=a, key=")).toEqual(["DIRECTIVE_ARGUMENT_INVALID key="]);
    expect(problems("use task: queue=a, key={day:DD}")).toEqual(["PLACEHOLDER_FORMAT {day:DD}"]);
  });

  test("a rate without a number before its unit is understood", () => {
    const [problem] = readDirective("use task: rate=10/m")?.problems ?? [];
    expect(problem?.params).toMatchObject({ meant: "10/1m" });
  });

  test("a queue has its limits where it is defined", () => {
    expect(problems("use task: queue=a, concurrency=1")).toEqual(["DIRECTIVE_ARGUMENTS_CONFLICT concurrency=1"]);
    expect(problems("use workflow: rate=1/1s, perKey=1, queue=a")).toEqual(["DIRECTIVE_ARGUMENTS_CONFLICT perKey=1"]);
  });

  test("what belongs to a queue needs one", () => {
    expect(problems("use task: key=x")).toEqual(["DIRECTIVE_ARGUMENT_MISSING key=x"]);
    expect(problems("use workflow: priority=1")).toEqual(["DIRECTIVE_ARGUMENT_MISSING priority=1"]);
    expect(problems("use workflow: hold=true")).toEqual(["DIRECTIVE_ARGUMENT_MISSING hold=true"]);
    expect(problems("use workflow: concurrency=1, hold=true")).toEqual([]);
    expect(problems("use task: perKey=1")).toEqual(["DIRECTIVE_ARGUMENT_MISSING perKey=1"]);
    // a queue that is there but wrong is one problem, not two
    expect(problems("use task: queue=a b, key=x")).toEqual(["DIRECTIVE_ARGUMENT_INVALID queue=a b"]);
  });
});

describe("the schedule and the timeout in a workflow directive", () => {
  test("a schedule is a cron expression or a period", () => {
    expect(workflow("cron='0 6 * * *'")?.schedule).toEqual({ cron: "0 6 * * *" });
    expect(workflow("cron=*/5 * * * *, jitter=30s")?.schedule).toEqual({ cron: "*/5 * * * *", jitter: 30_000 });
    expect(workflow(`cron='0 6,18 * * 1-5', timezone="Europe/Vienna", catchUp=last, overlap=allow`)?.schedule).toEqual({
      cron: "0 6,18 * * 1-5",
      timezone: "Europe/Vienna",
      catchUp: "last",
      overlap: "allow",
    });
    expect(workflow("cron=' 30 0 6 * * * '")?.schedule).toEqual({ cron: "30 0 6 * * *" });
    expect(workflow("cron=@daily, timezone=UTC")?.schedule).toEqual({ cron: "@daily", timezone: "UTC" });
    expect(workflow("every=1h, overlap=cancel-running")?.schedule).toEqual({
      every: 3_600_000,
      overlap: "cancel-running",
    });
    expect(workflow("every=1s, timeout=90m")).toMatchObject({ schedule: { every: 1000 }, timeout: 5_400_000 });
    for (const catchUp of ["none", "last", "all"])
      expect(workflow(`every=1h, catchUp=${catchUp}`)?.schedule).toEqual({ every: 3_600_000, catchUp });
    for (const overlap of ["skip", "queue", "cancel-running", "allow"])
      expect(workflow(`every=1h, overlap=${overlap}`)?.schedule).toEqual({ every: 3_600_000, overlap });
  });

  test("wrong values are refused at their argument", () => {
    const crons = [
      "0 0 6 * * * 2030",
      "0 6 * *",
      "60 6 * * *",
      "0 6 * * MONDAY",
      "tomorrow",
      "",
      "0 0 31 2 *",
      "2030-01-01T00:00:00",
    ];
    for (const cron of crons)
      expect(problems(`use workflow: cron='${cron}'`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID cron='${cron}'`]);
    for (const every of ["999ms", "0s", "60", "3600000", "-1h", "daily", ""])
      expect(problems(`use workflow: every=${every}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID every=${every}`]);
    for (const timeout of ["0s", "60", "soon"])
      expect(problems(`use workflow: timeout=${timeout}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID timeout=${timeout}`]);
    const others = ["jitter=0s", "jitter=30", "catchUp=some", "catchUp=", "overlap=Skip", "overlap=cancel"];
    for (const arg of others)
      expect(problems(`use workflow: every=1h, ${arg}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID ${arg}`]);
    for (const arg of ["timezone=Vienna", "timezone=+01:00", "timezone="])
      expect(problems(`use workflow: cron=@daily, ${arg}`)).toEqual([`DIRECTIVE_ARGUMENT_INVALID ${arg}`]);
    expect(problems("use task: cron=@daily")).toEqual(["DIRECTIVE_ARGUMENT_UNKNOWN cron=@daily"]);
  });

  test("the message about a cron expression says why", () => {
    const [problem] = readDirective("use workflow: cron='60 6 * * *'")?.problems ?? [];
    expect(problem?.params).toMatchObject({
      name: "cron",
      value: "60 6 * * *",
      expected: expect.stringContaining("Invalid value for minute: 60"),
    });
  });

  test("a workflow has one schedule, and its details need one", () => {
    expect(problems("use workflow: every=1h, cron=@daily")).toEqual(["DIRECTIVE_ARGUMENTS_CONFLICT every=1h"]);
    for (const arg of ["timezone=UTC", "jitter=1s", "catchUp=all", "overlap=skip"])
      expect(problems(`use workflow: ${arg}`)).toEqual([`DIRECTIVE_ARGUMENT_MISSING ${arg}`]);
    expect(problems("use workflow: every=1h, timezone=UTC")).toEqual(["DIRECTIVE_ARGUMENT_MISSING timezone=UTC"]);
    // a schedule that is there but wrong is one problem, not two
    expect(problems("use workflow: every=1, jitter=1s")).toEqual(["DIRECTIVE_ARGUMENT_INVALID every=1"]);
  });
});

test("the manifest says everything that the directives of a module say", () => {
  const info = compileFile({ "a.ts": program }, "a.ts")?.info;
  expect(parseManifest(JSON.parse(JSON.stringify({ version: 1, modules: [info] })), "a").modules).toEqual([info]);
  expect(info?.functions).toEqual([
    {
      kind: "task",
      name: "send",
      at: [2, 23],
      options: { retries: 1 },
      flow: {
        queue: "mail",
        key: [{ text: "customer.id", arg: 1, path: ["customer", "id"] }, "-", { text: "to", arg: 0, path: [] }],
        priority: -1,
      },
    },
    {
      kind: "task",
      name: "fetchPage",
      at: [5, 23],
      flow: {
        limits: { concurrency: 5, perKey: 1, rate: { limit: 10, per: 60_000 } },
        key: [{ text: "url", arg: 0, path: [] }],
      },
    },
    {
      kind: "workflow",
      name: "ship",
      at: [8, 23],
      id: ["ship-", { text: "id", arg: 0, path: [] }],
      recoverable: true,
      flow: { queue: "shipments", key: [{ text: "id", arg: 0, path: [] }], hold: true },
      timeout: 3_600_000,
    },
    {
      kind: "workflow",
      name: "report",
      at: [11, 23],
      recoverable: true,
      flow: { limits: { concurrency: 1 } },
      schedule: { cron: "0 6 * * *", timezone: "Europe/Vienna", jitter: 30_000, catchUp: "last", overlap: "queue" },
    },
    { kind: "workflow", name: "heartbeat", at: [14, 21], recoverable: true, schedule: { every: 3_600_000 } },
  ]);
});

test("what a directive says belongs to the hash of the module", () => {
  const hashOf = (text: string) => compileFile({ "a.ts": text }, "a.ts")?.info.hash;
  expect(hashOf(program.replace("every=1h", "every=2h"))).not.toBe(hashOf(program));
  expect(hashOf(program.replace("concurrency=5", "concurrency=6"))).not.toBe(hashOf(program));
});

test("a directive at the top of a file holds for each of its functions", () => {
  const text = `"use task: concurrency=2, key={id}";\nexport async function a(id) {}\nexport async function b(x, id) {}\n`;
  expect(compileFile({ "a.js": text }, "a.js")?.info.functions).toMatchObject([
    { name: "a", flow: { limits: { concurrency: 2 }, key: [{ arg: 0 }] } },
    { name: "b", flow: { limits: { concurrency: 2 }, key: [{ arg: 1 }] } },
  ]);
});
