import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { pack, published, remove, temporary } from "./staged.ts";

const directory = temporary();
afterAll(() => remove(directory));

/** The names that the types of an entry point export. */
function exportsOf(staged: string, types: string): string[] {
  const text = readFileSync(join(staged, types), "utf8");
  const [, list = ""] = /^export \{([^}]*)\};\s*$/m.exec(text.slice(text.lastIndexOf("\nexport {"))) ?? [];
  return list.split(",").flatMap((each) => {
    const name = each
      .trim()
      .replace(/^type /, "")
      .replace(/^.* as /, "");
    return name === "" || name.startsWith('"') ? [] : [name];
  });
}

/** The names in the first column of a README's tables below the heading, table by table. */
function documented(readme: string): string[][] {
  const [, section = ""] = /^## All exports\n([^]*?)(?=^## )/m.exec(readme) ?? [];
  return section.split("\n\n").flatMap((table) => {
    const rows = table.split("\n").filter((line) => line.startsWith("|"));
    return rows.length === 0
      ? []
      : [
          rows
            .slice(2)
            .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)),
        ];
  });
}

describe.each(published)("the documentation in the package %s", (name) => {
  const { staged } = pack(name, directory);
  const manifest = JSON.parse(readFileSync(join(staged, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, { readonly types?: string } | string>>;
  };
  const readme = readFileSync(join(staged, "README.md"), "utf8");
  const pages = readdirSync(staged, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));

  // the pages of perdure tell of these
  const isAddition = ["perdure-postgres", "perdure-restate", "perdure-ai"].includes(name);

  test("has the pages that its README names", () => {
    expect(pages).toContain("README.md");
    const own = pages.filter((page) => page.startsWith(join("dist", "docs")));
    if (!isAddition) expect(own.length).toBeGreaterThan(5);
  });

  test("every relative link leads to a file of the package, and every anchor to a heading", () => {
    const lost = pages.flatMap((page) => {
      const text = readFileSync(join(staged, page), "utf8").replace(/^```[^]*?^```$/gm, "");
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? join(staged, page) : resolve(staged, dirname(page), path);
        if (!target.startsWith(staged) || !existsSync(target)) return [`${page}: ${link}`];
        return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [`${page}: ${link}`];
      });
    });
    expect(lost).toEqual([]);
  });

  test("the README has a table with every export of the public entry points", () => {
    const tables = documented(readme);
    const entries = Object.entries(manifest.exports).flatMap(([entry, target]) =>
      typeof target === "string" || target.types === undefined || ["./internal", "./tools", "./engine"].includes(entry)
        ? []
        : [[entry, exportsOf(staged, target.types)] as const],
    );
    const [index, other = []] = tables;
    expect(index?.toSorted()).toEqual(entries.find(([entry]) => entry === ".")?.[1].toSorted());
    if (name === "perdure")
      expect(other.toSorted()).toEqual(entries.find(([entry]) => entry === "./testing")?.[1].toSorted());
    const section = readme.slice(readme.indexOf("## All exports"));
    for (const [entry, names] of entries.filter(([path]) => path !== "." && path !== "./testing")) {
      expect(section, entry).toMatch(new RegExp(`\`(?:${name})?${entry.slice(1)}\``));
      for (const each of names)
        expect(section, `${entry} ${each}`).toMatch(each === "default" ? "default export" : `\`${each}\``);
    }
  });

  test("no source map refers to a file that is not there", () => {
    const code = readdirSync(staged, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.[cm]?[jt]s$/.test(file),
    );
    expect(code.length).toBeGreaterThan(isAddition ? 1 : 3);
    for (const file of code) {
      const [, map] = /^\/\/# sourceMappingURL=(.+)$/m.exec(readFileSync(join(staged, file), "utf8").slice(-500)) ?? [];
      if (map === undefined) continue;
      const at = resolve(staged, dirname(file), map);
      const { sources } = JSON.parse(readFileSync(at, "utf8")) as { readonly sources: readonly string[] };
      for (const source of sources) expect(existsSync(resolve(dirname(at), source)), `${file}: ${source}`).toBe(true);
    }
  });
});

/** The anchors of the headings of a page, as GitHub makes them. */
const anchorsOf = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
