import { expect, test } from "vitest";
import { parseManifest, type Manifest } from "../src/index.ts";

const manifest: Manifest = {
  version: 1,
  modules: [
    {
      file: "src/order.ts",
      hash: "x",
      imports: ["src/tasks.ts"],
      loops: ["for", "while", "do"],
      sites: [["ship", 12, 18]],
      functions: [
        {
          kind: "task",
          name: "ship",
          at: [1, 1],
          options: { retries: 3, timeout: 10, backoff: { kind: "exponential", base: 2, max: 60_000 } },
        },
        { kind: "task", name: "bill", at: [2, 1], options: { backoff: { kind: "constant", delay: 5 } } },
        {
          kind: "workflow",
          name: "order",
          at: [3, 1],
          recoverable: true,
          id: ["order-", { text: "id", arg: 0, path: ["a", 1], default: 2 }],
        },
        { kind: "helper", name: "map", at: [4, 1] },
      ],
    },
  ],
};

test("a manifest is unchanged after it is written and read", () => {
  expect(parseManifest(JSON.parse(JSON.stringify(manifest)), "perdure.json")).toEqual(manifest);
});

const broken = (change: (copy: { version: unknown; modules: Record<string, unknown>[] }) => void): unknown => {
  const copy = structuredClone(manifest) as unknown as Parameters<typeof change>[0];
  change(copy);
  return copy;
};

test.each([
  ["no content", undefined, ""],
  ["another version", broken((copy) => (copy.version = 2)), "version"],
  ["no file", broken((copy) => delete copy.modules[0]?.["file"]), "modules.0.file"],
  [
    "an unknown kind",
    broken((copy) =>
      (copy.modules[0] as { functions: { kind: string }[] }).functions.forEach((fn) => (fn.kind = "job")),
    ),
    "modules.0.functions.0.kind",
  ],
  ["an unknown field", broken((copy) => Object.assign(copy.modules[0] ?? {}, { extra: 1 })), "modules.0.extra"],
])("a manifest with %s is refused with the path of the error", (_, value, path) => {
  expect(() => parseManifest(value, "perdure.json")).toThrow(
    expect.objectContaining({ code: "MANIFEST_INVALID", message: expect.stringContaining(path) }),
  );
});
