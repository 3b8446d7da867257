/** A package that contains the code of libraries has the texts of their licenses. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { importGraph } from "../import-graph.ts";
import { pack, places, published, remove, temporary, type Name } from "./staged.ts";

const directory = temporary();
afterAll(() => remove(directory));

const root = resolve(import.meta.dirname, "../..");
const FILE = "dist/THIRD_PARTY_LICENSES";
/** The bundler marks the code of each module with its path. */
const REGION = /^\/\/#region (\S*node_modules\/(?:@[^/\s]+\/)?[^/\s]+)/gmu;

const text = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** The folders of the libraries whose code is in the package. */
function bundled(name: Name, staged: string): string[] {
  const dist = join(staged, "dist");
  const code = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => /\.[cm]?js$/u.test(file));
  const paths = code.flatMap((file) => [...text(join(dist, file)).matchAll(REGION)].map(([, path = ""]) => path));
  return [...new Set(paths)].map((path) => resolve(root, places[name], path));
}

const nameOf = (folder: string): string => folder.replace(/.*node_modules\//u, "");

/** The libraries whose license is not in the text. */
const missing = (folders: readonly string[], licenses: string): string[] =>
  folders.filter((folder) => {
    const file = readdirSync(folder).find((each) => /^licen[cs]e/iu.test(each));
    const { version, author } = JSON.parse(text(join(folder, "package.json"))) as { version: string; author?: unknown };
    // without a file, the text is that of the MIT license, with the name that the manifest has
    const proof =
      file === undefined ? `Copyright (c) ${String(author).replace(/ [<(].*/u, "")}` : text(join(folder, file));
    return !licenses.includes(`${nameOf(folder)} ${version} (`) || !plain(licenses).includes(plain(proof));
  });

const plain = (words: string): string => words.replaceAll(/\s+/gu, " ").trim();

/** Some that each package is known to contain, so that the test cannot look in vain. */
const known: Record<Name, readonly string[]> = {
  perdure: ["croner", "devalue", "ms", "valibot", "commander", "hono"],
  "unplugin-perdure": ["valibot"],
  "perdure-postgres": [],
  "perdure-restate": [],
  "perdure-ai": [],
};

describe.each(published)("the published package %s", (name) => {
  const { staged } = pack(name, directory);

  test("has the license of each library that its code contains", () => {
    const folders = bundled(name, staged);
    expect(missing(folders, text(join(staged, FILE)))).toEqual([]);
    expect(folders.map(nameOf)).toEqual(expect.arrayContaining([...known[name]]));
    expect(existsSync(join(staged, FILE))).toBe(folders.length > 0);
  });
});

test("the page of the inspector has the licenses of what it imports", () => {
  const page = join(root, "packages/inspector/page/src");
  const imported = [...importGraph(page).values()].flat().filter((each) => !each.startsWith("."));
  const names = imported.map((each) =>
    each
      .split("/")
      .slice(0, each.startsWith("@") ? 2 : 1)
      .join("/"),
  );
  const libraries = [...new Set(names)].filter((each) => !/^(?:@perdure\/|perdure$|node:)/u.test(each));
  expect(libraries).toEqual(expect.arrayContaining(["preact", "@preact/signals"]));
  const folders = libraries.map((each) => join(root, "node_modules", each));
  expect(missing(folders, text(join(directory, "perdure/dist/page/THIRD_PARTY_LICENSES")))).toEqual([]);
});

test("a license that is not there is found", () => {
  const licenses = text(join(directory, "perdure", FILE));
  const croner = join(root, "node_modules/croner");
  expect(missing([croner], licenses)).toEqual([]);
  expect(missing([croner], licenses.replace(/^croner .*$/mu, ""))).toEqual([croner]);
  expect(missing([croner], licenses.replace("Hexagon", "Nobody"))).toEqual([croner]);
});
