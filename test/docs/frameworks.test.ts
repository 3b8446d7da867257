import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rows } from "../frameworks/rows.ts";
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
    const pages = new Map(names.map((name) => [name, readPage(`${directory}/${name}`)]));
    const pageOf = (project: string): string =>
      pages.get(`${project}.md`) ?? pages.get(`${project.replace(/-\w+$/, "")}.md`) ?? "";
    for (const { name } of rows) {
      expect(pageOf(name), name).toMatch(/```\w+ \S*(?:config|build|main|nightly)\S*\n/);
      expect(pageOf(name), name).toMatch(/^(?:\s*worker\(\);|const unfinished = await recover\(\);)$/m);
      expect(pageOf(name), name).toMatch(/^\*\*Shutdown\.\*\*|^- \*\*After SIGTERM\*\*/m);
    }
    expect([...pages.keys()].filter((name) => !existsSync(join(projects, name.replace(/\.md$/, ""))))).toEqual([]);
  });

  test("the pages and their table name the versions that the projects pin", () => {
    for (const { name, package: of } of rows) {
      if (of === undefined) continue;
      const { dependencies, devDependencies } = packageOf(name);
      const version = { ...dependencies, ...devDependencies }[of];
      expect(index, name).toContain(`${of} ${version}`);
      const page = names.find((each) => each === `${name}.md`) ?? `${name.replace(/-\w+$/, "")}.md`;
      expect(readPage(`${directory}/${page}`), name).toContain(String(version));
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
