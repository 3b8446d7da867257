import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  cleanUp,
  directoryOf,
  effects,
  execute,
  expectManifest,
  expectRecorded,
  recorded,
  result,
  tasks,
  thrownAt,
} from "./harness.ts";
import { builds } from "./table.ts";

afterAll(cleanUp);

/** The tasks in which the process is killed: concurrent ones, one in a loop, one behind a dynamic import, one in a child workflow. */
const killPoints = ["reserve paper", "charge 12", "label 17", "hand over 1"];

describe.each(builds.map((build, i) => [build.name, build, i] as const))("built with %s", (_name, build, i) => {
  test("the program has the same result, step ids and manifest as under every other build, and stack traces name the source", async () => {
    const state = join(directoryOf(build), "whole");
    const { output, errors } = await execute(build, state);
    expect(errors).toBe("");
    const { stack, ...outcome }: { readonly stack: string } = JSON.parse(output);
    expect(outcome).toEqual({ result, audit: expect.stringMatching(/\/2 completed$/) });
    expect(effects(state).sort()).toEqual([...tasks].sort());
    await expectRecorded(state);
    await expectManifest(build);
    if (build.unmapped === undefined) expect(stack).toMatch(thrownAt);
    else expect(stack, `no longer true: ${build.unmapped}`).not.toMatch(thrownAt);
  });

  const next = builds[(i + 1) % builds.length] ?? build;
  test(`a killed run resumes under ${next.name}`, async () => {
    const state = join(directoryOf(build), "killed");
    expect(await execute(build, state, killPoints[i % killPoints.length])).toMatchObject({
      signal: "SIGKILL",
      output: "",
    });
    const finished = (await recorded(state)).filter((line) => / task (?:completed|failed) /.test(line));
    const before = effects(state).length;
    const { output, errors } = await execute(next, state);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toMatchObject({ result });
    await expectRecorded(state);
    expect(effects(state)).toHaveLength(before + tasks.length - finished.length);
  });
});
