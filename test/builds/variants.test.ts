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

describe.each(twice.map((each) => [each.name, each] as const))("%s", (_name, each) => {
  test("give one result and one manifest", async () => {
    const state = join(directoryOf(each), "whole");
    const { output, errors } = await execute(each, state);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toMatchObject({ result });
    await expectRecorded(state);
    await expectManifest(each);
  });
});

describe.each(late.map((each) => [each.name, each] as const))("%s", (_name, each) => {
  test("gives the same result and the same step ids", async () => {
    const state = join(directoryOf(each), "whole");
    const { output, errors } = await execute(each, state);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toMatchObject({ result, stack: expect.stringMatching(thrownAt) });
    await expectSameIds(state);
  });
});
