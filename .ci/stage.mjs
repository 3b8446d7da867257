/**
 * Copies the files that a package publishes into a directory: node .ci/stage.mjs packages/runtime out
 * Removes what only this repository uses from the manifest: the export condition for the sources, private packages, scripts.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(import.meta.dirname, "..");

export function stage(name, target) {
  const from = resolve(root, name);
  const {
    scripts: _scripts,
    devDependencies: _private,
    ...manifest
  } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([path, target]) => [path, published(target)]),
  );
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "package.json"), `${JSON.stringify({ ...manifest, exports }, undefined, 2)}\n`);
  for (const part of manifest.files) cpSync(join(from, part), join(target, part), { recursive: true });
  for (const page of ["README.md", "LICENSE"])
    cpSync(existsSync(join(from, page)) ? join(from, page) : join(root, page), join(target, page));
}

function published(target) {
  if (typeof target === "string") return target;
  const { "perdure-source": _source, ...conditions } = target;
  return conditions;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) stage(process.argv[2], resolve(process.argv[3]));
