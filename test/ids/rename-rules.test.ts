import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatStepId, type Segment } from "../../packages/protocol/src/index.ts";
import { renameBetween, Renames } from "../../packages/runtime/src/renames/renames.ts";

describe("renaming step ids", () => {
  const cases: [given: Record<string, string>, id: string, ids: string[]][] = [
    [{ bill: "charge" }, "bill[0]", ["charge[0]"]],
    [{ bill: "charge" }, "for[3]/bill~1[2]", ["for[3]/charge~1[2]"]],
    [{ bill: "charge" }, "bill[0]/bill[1]", ["charge[0]/charge[1]"]],
    [{ bill: "charge" }, "billing[0]/{bill}", []],
    [{ bill: "charge" }, "start:bill[0]", ["start:charge[0]"]],
    [{ "signal:paid": "signal:pay%2Fed" }, "signal:paid[0]", ["signal:pay%2Fed[0]"]],
    [{ a: "b", b: "c" }, "a[0]", ["b[0]", "c[0]"]],
    [{ a: "b", c: "d" }, "a[0]/c[0]", ["b[0]/d[0]"]],
    [{ for: "map" }, "for[7]/ship[0]", ["map[7]/ship[0]"]],
    [{ "for/ship": "map/ship" }, "for[7]/ship[2]", ["map[7]/ship[2]"]],
    [{ "for/ship": "map/ship" }, "for[7]/note[2]", []],
    [{ "charge[0]": "handle[0]/charge[0]" }, "charge[0]", ["handle[0]/charge[0]"]],
    [{ "charge[0]": "handle[0]/charge[0]" }, "charge[1]", []],
    [{ "charge[0]": "handle[0]/charge[0]" }, "for[0]/charge[0]", []],
    [{ charge: "handle/charge[0]" }, "charge[4]", ["handle[4]/charge[0]"]],
    [{ "for/charge[0]": "for/handle[0]/charge[0]" }, "for[9]/charge[0]", ["for[9]/handle[0]/charge[0]"]],
    [{ "each[0]": "for[0]/each[0]" }, "each[0]/map[2]/charge[1]", ["for[0]/each[0]/map[2]/charge[1]"]],
    [{ "a/b": "b/a" }, "a[1]/b[2]/c[3]", ["b[1]/a[2]/c[3]"]],
    [{ "{k}/charge[0]": "{l}/charge[0]" }, "{k}/charge[0]", ["{l}/charge[0]"]],
    [{ "charge~1": "handle~1" }, "charge~1[3]", ["handle~1[3]"]],
    [
      { "charge[0]": "handle[0]/charge[0]", charge: "pay" },
      "charge[0]",
      ["handle[0]/charge[0]", "pay[0]", "handle[0]/pay[0]"],
    ],
    [{ charge: "pay", "pay[0]": "handle[0]/pay[0]" }, "charge[0]", ["pay[0]", "handle[0]/pay[0]"]],
    [{ "src/a.ts#order": "src/b.ts#order" }, "order[0]", []],
    [{}, "order[0]", []],
  ];
  test.each(cases)("with the renames %j, the step id %s becomes %j", (given, id, ids) =>
    expect(new Renames(given).idsOf(id)).toEqual(ids),
  );
});

test("a workflow is renamed by name in any file, by name and file in one file, and through several renames", () => {
  const renames = new Renames({
    order: "placeOrder",
    "src/old.ts#ship": "src/new.ts#ship",
    "src/new.ts#ship": "src/new.ts#send",
    send: "dispatch",
  });
  expect(renames.workflowsOf({ name: "order", file: "a.ts" })).toEqual([
    { name: "placeOrder", file: "a.ts", declared: false },
  ]);
  expect(renames.workflowsOf({ name: "ship", file: "src/other.ts" })).toEqual([]);
  expect(renames.workflowsOf({ name: "ship", file: "src/old.ts" })).toEqual([
    { name: "ship", file: "src/new.ts", declared: true },
    { name: "send", file: "src/new.ts", declared: true },
    { name: "dispatch", file: "src/new.ts", declared: false },
  ]);
  expect(renames.namesBefore(["placeOrder", "dispatch"]).sort()).toEqual([
    "dispatch",
    "order",
    "placeOrder",
    "send",
    "ship",
  ]);
});

test("a signal is renamed through several renames", () => {
  const renames = new Renames({ "signal:paid": "signal:payment", "signal:payment": "signal:money", paid: "x" });
  expect(renames.signalsOf("paid")).toEqual(["payment", "money"]);
  expect(renames.signalsOf("other")).toEqual([]);
});

test.each<[Record<string, string>, string]>([
  [{ a: "a" }, "both sides are the same"],
  [{ "": "a" }, '"" is neither name, name[index] nor {key}'],
  [{ "a[": "b" }, '"a[" is neither'],
  [{ "a///b": "c" }, '"//b" is neither'],
  [{ "a[x]": "b[0]" }, '"a[x]" is neither'],
  [{ "a/b": "c" }, "the same number of segments without an index"],
  [{ "src/a.ts#order": "order" }, "only one side is a workflow with its file"],
  [{ a: "b", b: "a" }, 'it leads back to itself: "a" → "b", "b" → "a"'],
  [{ a: "b", b: "c", c: "b" }, 'it leads back to itself: "b" → "c", "c" → "b"'],
  [{ "a[0]": "b[0]", b: "a" }, "it leads back to itself"],
  [{ "a[0]": "a[0]/a[0]" }, "it leads back to itself"],
  [{ "src/a.ts#order": "src/b.ts#order", "src/b.ts#order": "src/a.ts#order" }, "it leads back to itself"],
])("the renames %j are refused", (given, problem) => {
  expect(() => new Renames(given)).toThrow(
    expect.objectContaining({ code: "RENAME_INVALID", message: expect.stringContaining(problem) }),
  );
});

test("a rename to a value that is not text is refused", () => {
  const given: Record<string, unknown> = { a: 1 };
  expect(() => new Renames(given as Record<string, string>)).toThrow("the new side is not text");
});

const name = fc.constantFrom("a", "b", "c", "for", "map", "x/y");
const segment: fc.Arbitrary<Segment> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ name, variant: fc.constantFrom(0, 0, 0, 1), index: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ key: fc.constantFrom("k", "l") }) },
);
const id = fc.array(segment, { minLength: 1, maxLength: 4 }).map(formatStepId);

test("the suggested rename between two step ids turns one into the other", () => {
  let found = 0;
  fc.assert(
    fc.property(id, id, fc.boolean(), (old, now, isUsed) => {
      const rename = renameBetween(old, now, () => isUsed);
      if (!rename) return;
      found++;
      expect(new Renames({ [rename[0]]: rename[1] }).idsOf(old)).toContain(now);
    }),
    { numRuns: 500 },
  );
  expect(found).toBeGreaterThan(200);
});

test.each([
  ["bill[0]", "charge[0]", ["bill", "charge"]],
  ["for[3]/bill[0]", "for[3]/charge[0]", ["bill", "charge"]],
  ["charge[0]", "handle[0]/charge[0]", ["charge[0]", "handle[0]/charge[0]"]],
  ["for[3]/charge[0]", "for[3]/handle[0]/charge[0]", ["for/charge[0]", "for/handle[0]/charge[0]"]],
  ["for[3]/ship[0]", "map[3]/ship[0]", ["for", "map"]],
])("the suggested rename from %s to %s is %j", (old, now, rename) =>
  expect(renameBetween(old, now, () => false)).toEqual(rename),
);

test.each([
  ["bill[0]", "charge[0]", ["bill[0]", "charge[0]"]],
  ["for[3]/bill[0]", "for[3]/charge[0]", ["for/bill", "for/charge"]],
  ["for[3]/ship[0]", "map[3]/ship[0]", ["for/ship", "map/ship"]],
])("the suggested rename from %s to %s is %j while the old name is still in use", (old, now, rename) =>
  expect(renameBetween(old, now, () => true)).toEqual(rename),
);

test("applying accepted renames terminates and never leads a step id back to itself", () => {
  const side = fc
    .array(
      fc.oneof(
        name.map((each) => each.replace("/", "%2F")),
        segment.map((each) => formatStepId([each])),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((each) => each.join("/"));
  let accepted = 0;
  fc.assert(
    fc.property(fc.dictionary(side, side, { minKeys: 1, maxKeys: 4 }), id, (given, start) => {
      let renames: Renames;
      try {
        renames = new Renames(given);
      } catch {
        return;
      }
      accepted++;
      for (const each of renames.idsOf(start)) expect(renames.idsOf(each)).not.toContain(start);
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
