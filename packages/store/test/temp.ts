import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Creates a directory for the test file, removed after its tests, and returns a function that returns a new path in it on each call. */
export function tempFiles(): (name?: string) => string {
  const directory = mkdtempSync(join(tmpdir(), "perdure-store-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  let count = 0;
  return (name = "store.db") => join(directory, `${count++}-${name}`);
}
