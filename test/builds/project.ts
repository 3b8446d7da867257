import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";

const generated = resolve(import.meta.dirname, "../.generated");

/** A project that finds the packages of this repository, and is gone after the test. */
export function project(files: Readonly<Record<string, string>>): string {
  mkdirSync(generated, { recursive: true });
  const root = mkdtempSync(join(generated, "project-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ "package.json": `{ "type": "module" }`, ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}
