import { expect, test } from "vitest";
import { readPackageJson } from "../src/files/package-json.ts";

const read = (text: string | undefined) => readPackageJson("package.json", { readFile: () => text });

test("the members of a package.json that the compiler needs are read", () => {
  const found = read(
    JSON.stringify({
      name: "shop",
      version: "1.2.3",
      type: "module",
      bin: { tsc: "./bin/tsc" },
      dependencies: { perdure: "*" },
      devDependencies: { vite: "*" },
      perdure: { manifest: false },
    }),
  );
  expect(found).toMatchObject({ name: "shop", version: "1.2.3", type: "module", perdure: { manifest: false } });
  expect([...(found?.dependencies ?? [])]).toEqual(["perdure", "vite"]);
  expect([found?.command("tsc"), found?.command("shop")]).toEqual(["./bin/tsc", undefined]);
});

test("members of a package.json with an invalid type are ignored", () => {
  const found = read(JSON.stringify({ name: "", type: "other", bin: "./cli.js", dependencies: "perdure" }));
  expect(found).toMatchObject({ name: undefined, type: "commonjs", perdure: undefined });
  expect([found?.dependencies.size, found?.command("tsc")]).toEqual([0, undefined]);
});

test.each([undefined, "", "{", "null", '"shop"'])("%j is not a valid package.json", (text) => {
  expect(read(text)).toBeUndefined();
});
