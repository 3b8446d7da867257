/** Which projects perdure-tsc emits again. */
import { utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Config } from "../src/adapters/perdure-tsc/configs.ts";
import { Stamps } from "../src/adapters/perdure-tsc/stamps.ts";
import { temporaryProject } from "./temporary-project.ts";

test("a file that changes while its project is emitted is not taken for emitted", () => {
  const project = temporaryProject({ "tsconfig.json": "{}", "src/flow.ts": "1", "lib/tasks.d.ts": "1" });
  const [flow, tasks] = [project.path("src/flow.ts"), project.path("lib/tasks.d.ts")];
  const long = new Date(Date.now() - 60_000);
  for (const path of [flow, tasks]) utimesSync(path, long, long);
  const config = { path: project.path("tsconfig.json"), files: [flow], options: {} } as unknown as Config;
  const stamps = new Stamps(config, []);
  const emission = { inputs: [flow, tasks], outputs: new Map<string, string>() };

  stamps.keep(emission, Date.now());
  expect(stamps.isCurrent()).toBe(true);
  writeFileSync(tasks, "2");
  expect(stamps.isCurrent()).toBe(false);

  const began = Date.now();
  writeFileSync(tasks, "3"); // after the compiler has read it
  stamps.keep(emission, began);
  expect(stamps.isCurrent()).toBe(false);
  stamps.keep(emission, Date.now() + 1_000);
  expect(stamps.isCurrent()).toBe(true);
});
