import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  cleanUp,
  directoryOf,
  execute,
  expectManifest,
  expectRecorded,
  expectSameIds,
  result,
  thrownAt,
} from "./harness.ts";
import { late, twice } from "./table.ts";

afterAll(cleanUp);

describe.each(twice.map((each) => [each.name, each] as const))("built with %s", (_name, each) => {
  test("a build with two copies of the plugin has the same result and manifest as with one copy", async () => {
    const state = join(directoryOf(each), "whole");
    const { output, errors } = await execute(each, state);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toMatchObject({ result });
    await expectRecorded(state);
    await expectManifest(each);
  });
});

describe.each(late.map((each) => [each.name, each] as const))("built with %s", (_name, each) => {
  test("another transformer before the plugin does not change the result or the step ids", async () => {
    const state = join(directoryOf(each), "whole");
    const { output, errors } = await execute(each, state);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toMatchObject({ result, stack: expect.stringMatching(thrownAt) });
    await expectSameIds(state);
  });
});
