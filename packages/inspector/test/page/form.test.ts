import { describe, expect, test } from "vitest";
import { fieldsOf, payloadFromJson, payloadOf } from "../../page/src/model/schema-form.ts";

const schema = {
  type: "object",
  required: ["approved", "by", "level"],
  properties: {
    approved: { type: "boolean" },
    by: { type: "string", title: "Approved by", description: "Name of the person" },
    level: { enum: ["low", 2], default: "low" },
    amount: { type: "number" },
    copies: { type: "integer", default: 1 },
    lines: { type: "array" },
  },
};

const fields = fieldsOf(schema) ?? [];

describe("the form for a schema", () => {
  test("each property has a field of its kind", () => {
    expect(fields.map(({ name, kind, isRequired, initial }) => [name, kind, isRequired, initial])).toEqual([
      ["approved", "boolean", true, ""],
      ["by", "text", true, ""],
      ["level", "choice", true, '"low"'],
      ["amount", "number", false, ""],
      ["copies", "integer", false, "1"],
      ["lines", "json", false, ""],
    ]);
    expect(fields[1]).toMatchObject({ label: "Approved by", description: "Name of the person" });
  });

  test("the payload has what was written, the defaults, and nothing for optional fields that are empty", () => {
    const texts = { approved: "true", by: "Ada", level: "2", amount: "1.5", lines: "[1]" };
    expect(payloadOf(fields, new Map(Object.entries(texts)))).toEqual({
      payload: { approved: true, by: "Ada", level: 2, amount: 1.5, copies: 1, lines: [1] },
    });
    expect(payloadOf(fields, new Map(Object.entries({ by: "" })))).toEqual({
      payload: { approved: false, by: "", level: "low", copies: 1 },
    });
  });

  test("each field says what is wrong with it", () => {
    const texts = { by: "Ada", level: "", amount: "much", copies: "1.5", lines: "[", approved: "perhaps" };
    expect(payloadOf(fields, new Map(Object.entries(texts)))).toEqual({
      problems: new Map(
        Object.entries({
          approved: "approved is not yes or no.",
          level: "level is required.",
          amount: "amount is not a number.",
          copies: "copies is not a whole number.",
          lines: "lines is not valid JSON.",
        }),
      ),
    });
    expect(payloadOf(fields, new Map(Object.entries({ by: "x", level: '"high"' })))).toEqual({
      problems: new Map([["level", "level is not one of the values."]]),
    });
  });

  test("a payload that is a single value is a form of one field", () => {
    const single = fieldsOf({ type: "boolean" });
    expect(single).toMatchObject([{ name: "", label: "Payload", kind: "boolean" }]);
    expect(payloadOf(single ?? [], new Map([["", "true"]]))).toEqual({ payload: true });
    expect(payloadOf(fieldsOf({ type: "integer" }) ?? [], new Map([["", "0"]]))).toEqual({ payload: 0 });
  });

  test("property names that every object has are names like others", () => {
    const odd = fieldsOf({ type: "object", properties: { constructor: { type: "string" } } }) ?? [];
    expect(odd.map(({ name }) => name)).toEqual(["constructor"]);
    expect(payloadOf(odd, new Map())).toEqual({ payload: {} });
  });

  test.each([
    ["no schema", undefined],
    ["anything", true],
    ["a union", { anyOf: [{ type: "string" }, { type: "number" }] }],
    ["an array", { type: "array", items: { type: "string" } }],
    ["an object with free names", { type: "object", properties: { a: {} }, additionalProperties: { type: "string" } }],
    ["an object without properties", { type: "object", properties: {} }],
    ["conditions", { type: "object", properties: { a: {} }, oneOf: [] }],
  ])("%s is written as JSON", (_, given) => {
    expect(fieldsOf(given)).toBeUndefined();
  });
});

test("a payload that is written as JSON is read as such, and nothing is no payload", () => {
  expect(payloadFromJson(' {"a": [1]} ')).toEqual({ payload: { a: [1] } });
  expect(payloadFromJson("null")).toEqual({ payload: null });
  expect(payloadFromJson("  ")).toEqual({ payload: undefined });
  expect(payloadFromJson("{")).toEqual({ problems: new Map([["", expect.stringMatching(/^This is not JSON: /u)]]) });
});
