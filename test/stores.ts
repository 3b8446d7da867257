import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { memoryStore, sqliteStore, type Store } from "perdure";
import { documentStore } from "./contract/document-store.ts";

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "perdure-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Every store that has to keep the contract, by name. */
export const stores: Record<string, () => Store> = {
  memory: memoryStore,
  sqlite: () => sqliteStore(join(temporaryDirectory(), "test.db")),
  "a user's, asynchronous": () => documentStore(),
};
