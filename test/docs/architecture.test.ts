import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPage, root } from "./page.ts";

const page = readPage("ARCHITECTURE.md");

/** Packages whose name is short for the folder of their sources. */
const packages = ["protocol", "store", "compiler", "runtime"];
/** Top-level folders whose files the page names. */
const folders = ["packages", "test", "docs", "bench", "playground", ".ci"];

const pathPattern = /^[\w.-]+(?:\/[\w.-]+)*\/?$/;
const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].flatMap(([, target = ""]) =>
  target.includes(":") ? [] : [target],
);

/** Code spans that look like a path of the repository. */
const spans = [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = ""]) => (isPath(text) ? [text] : []));

function isPath(text: string): boolean {
  const [first = "", ...rest] = text.split("/");
  if (!pathPattern.test(text)) return false;
  return rest.length > 0 ? [...packages, ...folders].includes(first) : /^[A-Z]+\.md$/.test(text);
}

function resolved(path: string): string {
  const [first = "", ...rest] = path.split("/");
  return packages.includes(first) ? join(root, "packages", first, "src", ...rest) : join(root, path);
}

test("every path in ARCHITECTURE.md exists", () => {
  expect(spans.length).toBeGreaterThan(100);
  expect([...new Set([...spans, ...links])].filter((path) => !existsSync(resolved(path)))).toEqual([]);
});

const rules = [...page.matchAll(/^### (R\d+) /gm)].map(([, rule = ""]) => rule);
const invariants = [...readFileSync(resolved("store/contract.ts"), "utf8").matchAll(/^\s+\* (S\d+) /gm)].map(
  ([, invariant = ""]) => invariant,
);

test("ARCHITECTURE.md has a section for each rule from R1 to R14, in order", () => {
  expect(rules).toEqual(Array.from({ length: 14 }, (_, index) => `R${index + 1}`));
});

test("every rule and invariant that the sources or ARCHITECTURE.md quote is defined", () => {
  const defined = new Set([...rules, ...invariants]);
  expect(invariants.length).toBeGreaterThan(0);
  const sources = packages.flatMap((name) =>
    readdirSync(resolved(`${name}/`), { recursive: true, encoding: "utf8" }).flatMap((file) =>
      file.endsWith(".ts") ? [`${name}/${file.replaceAll("\\", "/")}`] : [],
    ),
  );
  const quoted = [
    ...sources.map((file) => [file, readFileSync(resolved(file), "utf8")] as const),
    ["ARCHITECTURE.md", page] as const,
  ];
  const unknown = quoted.flatMap(([file, text]) =>
    [...text.matchAll(/\b[RS]\d{1,2}\b/g)].flatMap(([number]) =>
      defined.has(number) ? [] : [`${file} quotes ${number}`],
    ),
  );
  expect(unknown).toEqual([]);
});
