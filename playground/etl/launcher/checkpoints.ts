import Database from "better-sqlite3";
import { runId } from "../src/edition.ts";

/** Ids of the steps that have a checkpoint, read from the file behind Perdure's back. */
export function finishedSteps(storeFile: string): Set<string> {
  const db = new Database(storeFile, { readonly: true });
  try {
    const ids = db.prepare("SELECT steps.id FROM steps JOIN runs ON runs.number = steps.run WHERE runs.id = ? AND steps.seq IS NOT NULL").pluck();
    return new Set(ids.all(runId).map(String));
  } finally {
    db.close();
  }
}
