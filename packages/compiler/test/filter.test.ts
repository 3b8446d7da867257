import { resolve } from "node:path";
import { expect, test } from "vitest";
import { idFilter, passes } from "../src/files/filter.ts";

const here = resolve().replaceAll("\\", "/");
const chosen = (options: Parameters<typeof idFilter>[0], ids: readonly string[]): string[] =>
  ids.filter((id) => passes(idFilter(options), id));

test("the default filter matches every script except those of packages and virtual modules", () => {
  const scripts = ["/app/a.ts", "/app/b.mjs", "/app/c.tsx?x=1", "C:\\app\\d.cts"];
  expect(
    chosen({}, [
      ...scripts,
      "/app/e.css",
      "/app/f.ts.map",
      "\0virtual.ts",
      "/app/node_modules/p/g.js",
      "C:\\app\\node_modules\\p\\h.js",
    ]),
  ).toEqual(scripts);
});

test("relative globs match from the current directory, all others match anywhere", () => {
  const ids = [`${here}/src/a.ts`, `${here}/src/deep/b.ts`, `${here}/test/c.ts`, "/elsewhere/src/d.ts"];
  expect(chosen({ include: "src/**" }, ids)).toEqual(ids.slice(0, 2));
  expect(chosen({ include: ["./test/*.ts", "**/d.ts"] }, ids)).toEqual(ids.slice(2));
  expect(chosen({ include: `${here}/src/*` }, ids)).toEqual(ids.slice(0, 1));
  expect(chosen({ exclude: ["test/**", "/elsewhere/**"] }, ids)).toEqual(ids.slice(0, 2));
});

test("a regular expression with the g flag matches every time", () => {
  const filter = idFilter({ include: /\/src\/.*\.ts$/g });
  for (let i = 0; i < 3; i++) expect(passes(filter, "/app/src/a.ts")).toBe(true);
});

test("named packages are not excluded, however deep they are installed, but what is nested in them is", () => {
  const named = [
    "/app/node_modules/@acme/jobs/index.js",
    "C:\\app\\node_modules\\@acme\\jobs\\index.js",
    "/app/node_modules/.pnpm/@acme+jobs@1.0.0/node_modules/@acme/jobs/lib/a.ts",
    "/app/node_modules/p.q/x.mjs?v=1",
    "/app/node_modules/p.q/Order.vue",
  ];
  const others = [
    "/app/node_modules/@acme/jobs-ui/index.js",
    "/app/node_modules/@acme/jobs/node_modules/dep/index.js",
    "/app/node_modules/pxq/x.mjs",
    "/app/node_modules/@acme/jobs/style.css",
  ];
  const packages = ["@acme/jobs", "p.q"];
  expect(chosen({ packages }, [...named, ...others])).toEqual(named);
  expect(chosen({ packages, include: "src/**" }, [...named, ...others])).toEqual(named);
});
