import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rows, type Row } from "../frameworks/rows.ts";
import { blocksOf, readPage, root, rowsOf } from "./page.ts";

const directory = "docs/frameworks";
const projects = join(root, "test/frameworks");
const names = readdirSync(join(root, directory)).filter((name) => name !== "README.md");
const index = readPage(`${directory}/README.md`);

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const packageOf = (project: string): Package =>
  JSON.parse(readFileSync(join(projects, project, "package.json"), "utf8")) as Package;

const pageOf = ({ name, page = name }: Row): string => `${page}.md`;

/** What a block of a page shows: a file of the project that the page is named after, or of the one before the colon. */
function shown(page: string, info: string): string {
  const [file = "", project = page.replace(/\.md$/, "")] = info.split(":").reverse();
  if (file === "package.json#scripts")
    return `${JSON.stringify({ scripts: packageOf(project).scripts }, undefined, 2)}\n`;
  return readFileSync(file === "order.ts" ? join(projects, file) : join(projects, project, file), "utf8");
}

/** With UPDATE=1, the pages are written as they should be. */
function compare(page: string): void {
  const path = join(root, directory, page);
  const text = readFileSync(path, "utf8");
  const expected = text.replaceAll(
    /^```(\w+) (\S+)\n[^]*?^```$/gm,
    (_, lang: string, info: string) => `\`\`\`${lang} ${info}\n${shown(page, info)}\`\`\``,
  );
  if (process.env["UPDATE"]) writeFileSync(path, expected);
  expect(text).toBe(process.env["UPDATE"] ? text : expected);
}

test.each([...names, "README.md"])("the code on docs/frameworks/%s is that of the project", (name) => {
  expect(blocksOf(readPage(`${directory}/${name}`)).filter(({ info }) => info === "")).toEqual([]);
  compare(name);
});

describe("the pages of the frameworks", () => {
  test("there is a page for every project, with its configuration and what it does at the start", () => {
    for (const row of rows) {
      const page = readPage(`${directory}/${pageOf(row)}`);
      expect(page, row.name).toMatch(/```\w+ \S*(?:config|build|main|nightly)\S*\n/);
      expect(page, row.name).toMatch(/^(?:\s*worker\(\);|const unfinished = await recover\(\);)$/m);
      expect(page, row.name).toMatch(/^\*\*Shutdown\.\*\*|^- \*\*After SIGTERM\*\*/m);
    }
    expect([...new Set(rows.map(pageOf))].sort()).toEqual([...names].sort());
  });

  test("the pages and their table name the versions that the projects pin", () => {
    for (const row of rows) {
      const { name, package: of } = row;
      if (of === undefined) continue;
      const { dependencies, devDependencies } = packageOf(name);
      const version = { ...dependencies, ...devDependencies }[of];
      expect(index, name).toContain(`${of} ${version}`);
      expect(readPage(`${directory}/${pageOf(row)}`), name).toContain(String(version));
    }
  });

  test("the projects pin exact versions", () => {
    const loose = rows.flatMap(({ name }) => {
      const { dependencies, devDependencies } = packageOf(name);
      return Object.entries({ ...dependencies, ...devDependencies }).filter(
        ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
      );
    });
    expect(loose).toEqual([]);
  });

  test("the table of the index lists every page, and the links of the pages lead to pages", () => {
    const listed = rowsOf(index).flatMap(([first = ""]) => /\((\S+?)(?:#\w+)?\)/.exec(first)?.[1] ?? []);
    expect([...new Set(listed)].sort()).toEqual([...names].sort());
    for (const name of [...names, "README.md"]) {
      const links = [...readPage(`${directory}/${name}`).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(
        ([, to = ""]) => to,
      );
      expect(
        links.filter((to) => !existsSync(join(root, directory, to))),
        name,
      ).toEqual([]);
      // the folder is also part of the package unplugin-perdure
      expect(
        links.filter((to) => to.includes("/")),
        name,
      ).toEqual([]);
    }
  });
});
