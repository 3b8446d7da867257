/**
 * Copies the documentation into a package that is built: node ../../.ci/package-docs.mjs, in the folder of the package.
 * A link to a page that the package has is kept as a relative one. Any other leads to the repository, where pictures stay too.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const folder = relative(root, process.cwd()).replaceAll("\\", "/");
const { name, repository } = JSON.parse(readFileSync("package.json", "utf8"));
const repositoryUrl = repository.url.replace(/^git\+|\.git$/g, "");

/** Where a file is in the repository: a picture as such, and not on a page about it. */
const urlOf = (file) => `${repositoryUrl}/${file.endsWith(".png") ? "raw" : "blob"}/main/${file}`;

/** Where a page of the repository is in the package; undefined if it is not there. */
function placeOf(page) {
  if (page === `${folder}/README.md`) return "README.md";
  if (!page.startsWith("docs/") || !page.endsWith(".md") || page.startsWith("docs/decisions/")) return undefined;
  if (page === "docs/messages.md") return name === "perdure" ? "dist/messages.md" : undefined;
  if (page.startsWith("docs/diagnostics/")) return name === "perdure" ? undefined : page.replace("docs/", "dist/");
  return `dist/${page}`;
}

const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .map((file) => `docs/${file.replaceAll("\\", "/")}`)
  .filter((page) => page.endsWith(".md"));

for (const page of pages) {
  const place = placeOf(page);
  if (place === undefined) continue;
  const text = readFileSync(join(root, page), "utf8").replace(/\]\(([^)#\s:]+)(#[^)]*)?\)/g, (_, link, hash = "") => {
    const target = posix.join(posix.dirname(page), link);
    const found =
      existsSync(join(root, target)) && statSync(join(root, target)).isDirectory()
        ? posix.join(target, "README.md")
        : target;
    const there = placeOf(found);
    return `](${there === undefined ? urlOf(target) : posix.relative(posix.dirname(place), there)}${hash})`;
  });
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
}
