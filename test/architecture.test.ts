import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";

const packages = resolve(import.meta.dirname, "../packages");

/** The packages that each package may import. */
const allowedImports: Record<string, readonly string[]> = {
  protocol: [],
  store: ["@perdure/protocol"],
  compiler: ["@perdure/protocol"],
  runtime: ["@perdure/protocol", "@perdure/store"],
};

const phases = ["phases/1-parse", "phases/2-analyze", "phases/3-rewrite"];

const sourcesOf = (name: string): string[] =>
  readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(packages, name, "src", file));

const importsOf = (file: string): string[] => {
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
  ];
};

const ours = /^(?:@perdure\/|perdure(?:\/|$)|unplugin-perdure)/;

test.each(Object.entries(allowedImports))("the package %s imports only the packages below it", (name, allowed) => {
  const wrong = sourcesOf(name).flatMap((file) =>
    importsOf(file)
      .filter((target) => ours.test(target) && !allowed.some((ok) => target === ok || target.startsWith(`${ok}/`)))
      .map((target) => `${relative(packages, file)} → ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("relative imports stay inside their package", () => {
  const wrong = Object.keys(allowedImports).flatMap((name) =>
    sourcesOf(name).flatMap((file) =>
      importsOf(file)
        .filter(
          (target) =>
            target.startsWith(".") && !resolve(dirname(file), target).startsWith(join(packages, name, "src") + sep),
        )
        .map((target) => `${relative(packages, file)} → ${target}`),
    ),
  );
  expect(wrong).toEqual([]);
});

test("a phase of the compiler imports no later phase", () => {
  const rank = (path: string): number => phases.findIndex((phase) => path.includes(phase));
  const wrong = sourcesOf("compiler").flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith(".") && rank(file) >= 0)
      .map((target) => resolve(dirname(file), target))
      .filter((target) => rank(target) > rank(file) || target.includes(`${sep}adapters${sep}`))
      .map((target) => `${relative(packages, file)} → ${relative(packages, target)}`),
  );
  expect(wrong).toEqual([]);
});
