/** What the command shows and does of the schedules in a store. */
import { close, configure, schedule, schedules } from "perdure";
import { afterEach, expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { onTerminal, perdure, storeIn } from "./command.ts";

async function report(topic: string): Promise<string> {
  "use workflow";
  return topic;
}

afterEach(close);

test("schedules are listed, paused, resumed, run and removed", async () => {
  const store = storeIn(temporaryDirectory("cli"));
  const place = { store };
  configure({ store });
  await schedule("daily", "0 6 * * *", report, ["sales"], { timezone: "Europe/Vienna" });
  await schedule("hourly", "1h", report, ["costs"]);
  const command = async (...args: string[]): Promise<[unknown, string]> => {
    const { code, output } = await perdure(["schedules", ...args], place);
    return [code, output.trimEnd()];
  };
  const next = String((await schedules())[0]?.next?.toISOString());

  const [code, piped] = await command();
  expect([code, piped.split("\n").map((line) => line.split("\t").slice(0, 4))]).toEqual([
    0,
    [
      ["daily", "report", "0 6 * * *", "Europe/Vienna"],
      ["hourly", "report", "every 1h", ""],
    ],
  ]);
  expect(JSON.parse((await command("--json"))[1])).toMatchObject([
    { name: "daily", next, runs: 0 },
    { name: "hourly" },
  ]);

  expect(await command("pause", "daily", "hourly")).toEqual([
    0,
    "daily: is paused: no tick starts a run\nhourly: is paused: no tick starts a run",
  ]);
  expect((await schedules()).map(({ paused }) => paused)).toEqual([true, true]);
  const { output } = await onTerminal(["schedules"], { ...place, env: { NO_COLOR: "1" } });
  expect(output).toMatch(/^SCHEDULE .*NOTE/mu);
  expect(output).toMatch(/^daily .*paused$/mu);
  expect(await command("resume", "daily")).toEqual([0, `daily: goes on at ${next}`]);

  const [ran, said] = await command("run", "daily", "--json");
  expect([ran, JSON.parse(said)]).toMatchObject([0, { schedule: "daily", done: true }]);
  const listed = JSON.parse((await perdure(["runs", "--json"], place)).output) as { id: string }[];
  expect(listed).toMatchObject([{ status: "pending", workflow: "report", schedule: "daily" }]);
  expect(said).toContain(listed[0]?.id);

  expect(await command("remove", "hourly")).toEqual([0, "hourly: is removed"]);
  expect(await command("remove", "hourly")).toEqual([3, expect.stringContaining("SCHEDULE_NOT_FOUND")]);
  expect(await command("stop", "daily")).toEqual([2, expect.stringContaining("is none of pause, resume, run, remove")]);
  expect(await command("pause")).toEqual([2, expect.stringContaining("needs the name of a schedule")]);
  expect((await schedules()).map(({ name }) => name)).toEqual(["daily"]);
});
