import fc from "fast-check";
import { PerdureError } from "perdure";
import { expect, test } from "vitest";
import { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";
import { leaves, Money, type Leaf } from "./leaves.ts";
import { checkTypes } from "./project.ts";

const values = versioned(createCodec([{ type: Money, encode: () => 1, decode: () => new Money(1) }]));

/** The path at which the runtime's codec refuses the value; undefined if the value can be stored. */
function refusal(value: unknown): string | undefined {
  try {
    values.encode(value, "it returned");
    return undefined;
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    return /^it returned (?:([^ ]*): )?/.exec(error.message)?.[1] ?? "";
  }
}

const checked = (types: readonly string[]): { readonly code: string; readonly message: string }[][] =>
  checkTypes(
    types,
    `import type { leaves } from "../../check/leaves.ts";\ntype Of<K extends keyof typeof leaves> = ReturnType<(typeof leaves)[K]>;`,
    { classes: ["Money"] },
  );

const all = Object.keys(leaves) as Leaf[];

test("the type check refuses exactly the types whose values the codec refuses, and warns about those that change their class", () => {
  const verdicts = checked(all.map((leaf) => `{ value: Of<"${leaf}"> }`));
  const expected = all.map((leaf) => {
    const value: unknown = leaves[leaf]();
    // for a class without methods, the check can only say that instances are refused
    if (refusal({ value }) !== undefined)
      return [leaf, leaf === "row" ? "CLASS_NOT_REGISTERED" : "RESULT_NOT_STORABLE"];
    // the compiler registers the error classes of a project
    const isKept =
      leaf === "euro" || leaf === "httpError" || isSameKind(value, values.decode(values.encode(value, "")));
    return [leaf, isKept ? undefined : "CLASS_NOT_KEPT"];
  });
  expect(all.map((leaf, i) => [leaf, verdicts[i]?.[0]?.code])).toEqual(expected);
});

const isSameKind = (a: unknown, b: unknown): boolean =>
  typeof a !== "object" || a === null || Object.getPrototypeOf(a) === Object.getPrototypeOf(b);

/** A value with at most one refused part, and its type. */
interface Sample {
  readonly type: string;
  readonly make: () => unknown;
}
const sampleOf = (name: Leaf): Sample => ({ type: `Of<"${name}">`, make: leaves[name] });
const storable = fc
  .constantFrom(...all.filter((name) => refusal({ value: leaves[name]() }) === undefined))
  .map(sampleOf);

const { sample } = fc.letrec<{ sample: Sample }>((tie) => {
  const inner = tie("sample");
  const around = (type: (inner: string) => string, make: (inner: unknown) => unknown): fc.Arbitrary<Sample> =>
    inner.map((each) => ({ type: type(each.type), make: () => make(each.make()) }));
  return {
    sample: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.constantFrom(...all).map(sampleOf),
      around(
        (type) => `{ id: string; item: ${type} }`,
        (item) => ({ id: "a", item }),
      ),
      around(
        (type) => `{ "it-em"?: ${type} }`,
        (item) => ({ "it-em": item }),
      ),
      around(
        (type) => `(${type})[]`,
        (item) => [item],
      ),
      around(
        (type) => `readonly [1, ${type}]`,
        (item) => [1, item],
      ),
      around(
        (type) => `Map<string, ${type}>`,
        (item) => new Map([["key", item]]),
      ),
      around(
        (type) => `ReadonlyMap<${type}, 1>`,
        (item) => new Map([[item, 1]]),
      ),
      around(
        (type) => `Set<${type}>`,
        (item) => new Set([item]),
      ),
      around(
        (type) => `Record<string, ${type}>`,
        (item) => ({ key: item }),
      ),
      around(
        (type) => `Date | (${type})`,
        (item) => item,
      ),
      around(
        (type) => `{ a: 1 } & { b: ${type} }`,
        (item) => ({ a: 1, b: item }),
      ),
      fc.tuple(inner, storable).map(([a, b]): Sample => ({
        type: `{ a: ${a.type}; b: ${b.type} }`,
        make: () => ({ a: a.make(), b: b.make() }),
      })),
      fc
        .tuple(storable, inner)
        .map(([a, b]): Sample => ({ type: `[${a.type}, (${b.type})?]`, make: () => [a.make(), b.make()] })),
    ),
  };
});

// PERDURE_SEED=123 runs one seed, PERDURE_SEEDS=20 runs 20 random ones
const { PERDURE_SEED: only, PERDURE_SEEDS: count = "1" } = process.env;
const seeds =
  only === undefined
    ? Array.from({ length: Number(count) }, () => Math.floor(Math.random() * 2 ** 31))
    : [Number(only)];

test.each(seeds)(
  "the type check and the codec agree on random nested values and on the refused path (seed %i)",
  (seed) => {
    const samples = fc.sample(sample, { seed, numRuns: 300 });
    const verdicts = checked(samples.map(({ type }) => `{ value: ${type} }`));
    const wrong = samples.flatMap(({ type, make }, i) => {
      const path = refusal({ value: make() });
      const said = (verdicts[i] ?? []).filter(({ code }) => code !== "CLASS_NOT_KEPT").map(({ message }) => message);
      const agrees =
        path === undefined
          ? said.length === 0
          : said.length === 1 && pathsOf(/ (\.value\S*): /.exec(said[0] ?? "")?.[1] ?? "").test(path);
      return agrees ? [] : [{ type, path, said }];
    });
    expect(wrong).toEqual([]);
  },
);

/** Matches the paths of the codec that correspond to a path of the type check. */
function pathsOf(type: string): RegExp {
  const steps: Record<string, string> = {
    "[number]": "\\[\\d+\\]",
    "[string]": "\\.key",
    ".get(…)": "\\.get\\(.+?\\)",
    ".keys()": "\\.get\\(.+?\\)",
    ".values()": "",
  };
  return new RegExp(
    `^${type.replace(/\[number\]|\[string\]|\.get\(…\)|\.keys\(\)|\.values\(\)|\W/g, (step) => steps[step] ?? `\\${step}`)}$`,
  );
}
