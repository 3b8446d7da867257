/** What the command shows of a store that a service is writing to. */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { begin, onTerminal, perdure, storeIn } from "./command.ts";
import { builtService, startService } from "./service.ts";

const ESCAPE = "\u001b[";

test("the command shows runs, their steps, values and errors, on a terminal and in a pipe, and follows them", async () => {
  const file = await builtService("reading");
  const directory = temporaryDirectory("cli");
  const [{ store }] = await Promise.all([
    startService(file, { directory }),
    startService(file, { directory, name: "-2" }),
  ]);
  const place = { store };
  const [piped, json, terminal, plain, failed, good, tail] = await Promise.all([
    perdure(["runs"], place),
    perdure(["runs", "--json", "--status", "failed"], place),
    onTerminal(["runs"], place),
    onTerminal(["runs"], { ...place, env: { NO_COLOR: "1" } }),
    perdure(["show", "order-bad", "--root", dirname(file)], place),
    perdure(["show", "order-good", "--json"], place),
    perdure(["tail", "order-bad"], place),
  ]);

  const rows = piped.output
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  expect(rows.map(([status, id, workflow]) => [status, id, workflow])).toEqual(
    expect.arrayContaining([
      ["failed", "order-bad", "order"],
      ["completed", "order-good", "order"],
      ["failed", "order-bad-2", "order"],
      ["completed", "order-good-2", "order"],
    ]),
  );
  expect(rows).toHaveLength(7);
  expect(piped.output).not.toContain("\u001b");
  const listed = JSON.parse(json.output) as { id: string }[];
  expect(listed.map(({ id }) => id).sort()).toEqual(["order-bad", "order-bad-2"]);
  expect(listed.filter(({ id }) => id === "order-bad")).toMatchObject([
    { id: "order-bad", status: "failed", error: { name: "Declined", message: "card\u001b[2J declined", code: "card" } },
  ]);
  expect(terminal.output).toContain("STATUS");
  expect(terminal.output).toContain(`${ESCAPE}31mfailed`);
  expect(plain.output).toMatch(/^failed {2,}order-bad {2,}order {2,}.*Declined: card declined$/mu);
  expect(plain.output.split("\n").every((line) => line.length <= 100)).toBe(true);
  expect(plain.output).not.toContain("\u001b[3");

  expect(failed.code).toBe(0);
  expect(failed.output).toContain("├─ for[0]\n│  └─ ✔ ship[0]");
  expect(failed.output).toMatch(/✖ charge\[0\] {2}\w+, 2 attempts {2}reading\.ts:\d+:\d+/u);
  expect(failed.output).toMatch(/> \d+ \| .*throw new Declined/u);
  expect(failed.output).not.toContain("\u001b");
  expect(JSON.parse(good.output)).toMatchObject({
    run: { id: "order-good", tags: ["vip"] },
    input: ["good", 5],
    output: { $class: "Money", data: { amount: 5 } },
    steps: [{ output: { item: "cup", at: "1970-01-01T00:00:00.000Z" } }, {}, { name: "charge", attempts: 1 }],
  });
  expect(tail).toMatchObject({ code: 1, output: expect.stringContaining("failed: Declined: card declined") as string });

  // live: the signal reaches the service, and both followers see what it does
  const one = begin(["tail", "approval-a", "--json"], place);
  const all = begin(["tail", "--all"], place);
  await all.printed("following all runs");
  await one.printed(`"waiting"`);
  expect(await perdure(["signal", "approval-a", "approval", `{"by":"ada"}`], place)).toEqual({
    code: 0,
    output: "approval-a: has the signal approval: if it waits for it, a worker will resume it\n",
  });
  const events = (await one.exits(0))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.at(-1)).toMatchObject({ run: "approval-a", type: "end", status: "completed", output: { by: "ada" } });
  writeFileSync(join(directory, "accept"), "");
  expect(await perdure(["retry", "order-bad", "order-good"], place)).toEqual({
    code: 1,
    output: "order-bad: is tried again: a worker will resume it\norder-good: has not failed\n",
  });
  await all.printed("order-bad  completed Money { amount: 500.25 }");
  expect(all.output).toMatch(/approval-a {2}✔ signal:approval\[0\].*\n.* approval-a {2}completed/u);
  expect(all.output).not.toContain("order-good");
});

test("a command creates no file, and says how it was called wrongly, by exit codes", async () => {
  const directory = temporaryDirectory("cli");
  const place = { cwd: directory };
  const [missing, json, unknown, status, none] = await Promise.all([
    perdure(["runs"], place),
    perdure(["show", "x", "--json", "--store", storeIn(directory)], place),
    perdure(["nonsense"], place),
    perdure(["runs", "--status", "late"], place),
    perdure(["tail"], place),
  ]);
  expect(missing).toMatchObject({ code: 3, output: expect.stringContaining("there is no file") as string });
  expect(JSON.parse(json.output)).toMatchObject({ error: { code: "STORE_MISSING" } });
  expect([json.code, unknown.code, status.code, none.code]).toEqual([3, 2, 2, 2]);
  expect(existsSync(join(directory, "perdure.db"))).toBe(false);
  expect(existsSync(join(directory, "runs.db"))).toBe(false);
});
