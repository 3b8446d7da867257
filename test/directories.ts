import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterTest } from "./processes/concurrently.ts";

const generated = resolve(import.meta.dirname, ".generated");

/** A directory of the operating system for temporary files, removed after the test. */
export function temporaryDirectory(name = "test"): string {
  return removedAfterTest(realpathSync(mkdtempSync(join(tmpdir(), `perdure-${name}-`))));
}

/** A new directory inside the repository: code in it can import the workspace's packages. */
export function createGeneratedDirectory(name: string): string {
  mkdirSync(generated, { recursive: true });
  return mkdtempSync(join(generated, `${name}-`));
}

/**
 * A new directory inside the repository, removed after the test.
 * @param files - contents by path
 */
export function generatedDirectory(name: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = removedAfterTest(createGeneratedDirectory(name));
  writeFiles(directory, files);
  return directory;
}

/** Writes files, given as path → content, and the directories that they need. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

function removedAfterTest(directory: string): string {
  // a bundler may still write its cache
  afterTest(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return directory;
}
