import { transformSync } from "esbuild";
import { close, listRuns, schedules } from "perdure";
import { advance, setup } from "perdure/testing";
import { expect, onTestFinished, test } from "vitest";
import { loadSources } from "../sources.ts";
import { blocksOf, readPage } from "./page.ts";

test("the code in docs/schedules.md compiles and runs", async () => {
  const [define = "", steer = ""] = blocksOf(readPage("docs/schedules.md"))
    .filter(({ lang }) => lang === "ts")
    .map(({ text }) => text);
  const strip = (code: string): string => transformSync(code, { loader: "ts" }).code;
  setup({ now: new Date("2026-01-31T00:00:00Z") });
  onTestFinished(close);
  await loadSources({ "report.ts": define }, strip);
  await advance("2h");
  const runs = async (): Promise<string[]> => (await listRuns({ schedule: "nightly-eu" })).map(({ id }) => id);
  expect(await runs()).toEqual(["nightly-eu@2026-01-31T01:00:00.000Z"]);
  await loadSources({ "steer.ts": steer }, strip);
  expect(await runs()).toHaveLength(2);
  expect((await schedules()).map(({ name }) => name)).toEqual(["hourly-us"]);
});
