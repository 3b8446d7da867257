/** What is shown of errors and sources, also of damaged and very large ones. */
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory, writeFiles } from "../../../test/directories.ts";
import { headline, linesAround, sourceFinder, thrownAt } from "../src/show/index.ts";

const errorWith = (message: string, frame: string): Error =>
  Object.assign(new Error(message), { stack: `Error: ${message}\n    at other (node:fs:1:2)\n    at ${frame}` });

test("where an error was thrown is found below a message of many paths, without going through it again and again", () => {
  const error = errorWith("a/b/".repeat(200_000), "charge (/shop/src/orders.ts:3:5)");
  const begin = performance.now();
  expect(thrownAt(error, "/shop")).toBe("src/orders.ts:3:5");
  expect(performance.now() - begin).toBeLessThan(2_000);
});

test.each([
  ["charge (/shop/src/orders.ts:3:5)", "src/orders.ts:3:5"],
  ["async file:///shop/src/orders.ts:3:5", "src/orders.ts:3:5"],
  ["new Order (file:///shop/src/orders.ts:3:5)", "src/orders.ts:3:5"],
  ["charge (/shop/node_modules/pay/index.js:3:5)", undefined],
  ["charge (/other/src/orders.ts:3:5)", undefined],
])("the frame %s stands in %s", (frame, place) => {
  expect(thrownAt(errorWith("failed", frame), "/shop")).toBe(place);
});

test("the line of an error is cut where its message is long", () => {
  const line = headline(new Error("x".repeat(10_000_000)));
  expect([line.length, line.slice(0, 8), line.at(-1)]).toEqual([2_001, "Error: x", "…"]);
  expect(headline(new Error("first\nsecond"))).toBe("Error: first");
});

test("only source files of the project are read", () => {
  const root = temporaryDirectory("project");
  writeFiles(root, {
    "src/a.ts": "one\ntwo\nthree\n",
    "src/plain.txt": "secret",
    ".env": "SECRET=1",
    "node_modules/pay/index.js": "secret",
    "folder.ts/b.ts": "b",
  });
  const outside = temporaryDirectory("outside");
  writeFileSync(join(outside, "secret.ts"), "secret");
  symlinkSync(join(outside, "secret.ts"), join(root, "src/link.ts"));
  execFileSync("mkfifo", [join(root, "src/pipe.ts")]);
  const find = sourceFinder({ root });
  expect(linesAround("src/a.ts:2:1", find)?.lines).toEqual(["one", "two", "three", ""]);
  for (const file of [
    "src/link.ts",
    "src/pipe.ts",
    "src/plain.txt",
    ".env",
    "node_modules/pay/index.js",
    "folder.ts",
    `../${outside.split("/").at(-1)}/secret.ts`,
    join(outside, "secret.ts"),
    "src/a.ts\0.ts",
    "__proto__",
  ])
    expect(linesAround(`${file}:1:1`, find)).toBeUndefined();
});

test("sources come from source maps where they are not deployed, and damaged maps do no harm", () => {
  const root = temporaryDirectory("build");
  writeFiles(root, {
    "dist/a.js.map": JSON.stringify({ sources: ["../src/orders.ts"], sourcesContent: ["one\ntwo"] }),
    "dist/b.js.map": "{",
    "dist/c.js.map": JSON.stringify({ sources: [{ toString: 1 }, 2, null], sourcesContent: ["x", "y", "z"] }),
    "dist/d.js.map": JSON.stringify({ sources: "../../etc/passwd", sourcesContent: {} }),
  });
  const find = sourceFinder({ root: join(root, "nothing"), maps: [join(root, "dist")] });
  expect(linesAround("src/orders.ts:2:1", find)).toMatchObject({ lines: ["one", "two"], line: 2 });
  expect(linesAround("etc/passwd.ts:1:1", find)).toBeUndefined();
});
