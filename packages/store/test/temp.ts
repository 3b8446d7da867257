import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A directory of the test file, removed after its tests; gives a new path in it each time. */
export function tempFiles(): (name?: string) => string {
  const directory = mkdtempSync(join(tmpdir(), "perdure-store-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  let count = 0;
  return (name = "store.db") => join(directory, `${count++}-${name}`);
}
