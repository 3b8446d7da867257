import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes what differs, each file at once: whoever runs the output never sees half of it. Returns the paths. */
export function writeOutputs(outputs: ReadonlyMap<string, string>): string[] {
  const changed = [...outputs].filter(([path, text]) => textAt(path) !== text);
  for (const [path, text] of changed) {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}.tmp`;
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
  return changed.map(([path]) => path);
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
