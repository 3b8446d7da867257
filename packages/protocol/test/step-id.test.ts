import fc from "fast-check";
import { expect, test } from "vitest";
import { formatStepId, joinStepId, outerStepId, parseStepId, stepName, type Segment } from "../src/index.ts";

const text = fc.string({ minLength: 1, unit: "grapheme" });
const segment: fc.Arbitrary<Segment> = fc.oneof(
  fc.record({ name: text, variant: fc.nat(20), index: fc.nat() }),
  fc.record({ key: fc.string({ unit: "grapheme" }) }),
);

/** Paths in which some of the names after the first were called by a task. */
const segments = fc
  .array(fc.tuple(segment, fc.boolean()), { minLength: 1, maxLength: 6 })
  .map((each) =>
    each.map(([one, inTask], place): Segment => ("name" in one && inTask && place > 0 ? { ...one, inTask } : one)),
  );

test("parsing a formatted step id returns the same segments", () => {
  fc.assert(
    fc.property(segments, (segments) => {
      expect(parseStepId(formatStepId(segments))).toEqual(segments);
    }),
  );
});

test("different segments have different step ids", () => {
  fc.assert(
    fc.property(segments, segments, (left, right) => {
      expect(formatStepId(left) === formatStepId(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
    }),
  );
});

test("joining segments one by one gives the same step id as formatting them at once", () => {
  fc.assert(
    fc.property(segments, (segments) => {
      expect(segments.reduce(joinStepId, "")).toBe(formatStepId(segments));
    }),
  );
});

test("a step id is parsed as a path", () => {
  const id = "for[17]/shipLine[0]/{a%2Fb}/charge~1[1]";
  expect(parseStepId(id)).toEqual([
    { name: "for", variant: 0, index: 17 },
    { name: "shipLine", variant: 0, index: 0 },
    { key: "a/b" },
    { name: "charge", variant: 1, index: 1 },
  ]);
  expect(stepName(id)).toBe("charge");
});

test("the id of a task that a task called begins with the id of its caller", () => {
  const id = "for[1]/importAll[0]//fetchPage~1[2]";
  expect(outerStepId(id)).toBe("for[1]/importAll[0]");
  expect(outerStepId(`${id}//part[0]`)).toBe(id);
  expect(outerStepId("for[1]/importAll[0]")).toBeUndefined();
  expect(stepName(id)).toBe("fetchPage");
});

test.each([
  "",
  "//a[0]",
  "a[0]///b[0]",
  "a[0]//",
  "a[0]//{b}",
  "a",
  "a[]",
  "a[01]",
  "a[1]/",
  "a~0[1]",
  "[1]",
  "{a",
  "a[1]b",
])("%j is not a step id", (wrong) => {
  expect(() => parseStepId(wrong)).toThrow(SyntaxError);
});
