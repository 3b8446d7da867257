import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { readText } from "../../files/read-text.ts";

/** Writes the changed files, each atomically: a process that loads the output never reads half a file. Returns their paths. */
export function writeOutputs(outputs: ReadonlyMap<string, string>): string[] {
  const changed = [...outputs].filter(([path, text]) => readText(path) !== text);
  for (const [path, text] of changed) {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}.tmp`;
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
  return changed.map(([path]) => path);
}
