import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isProjectFile } from "../files/paths.ts";
import { readText } from "../files/read-text.ts";
import type { Resolve } from "./links/resolve.ts";

/** Access to the project's files. */
export interface Host {
  /** The text of a file. `undefined` if it does not exist. */
  readFile(path: string): string | undefined;
  /** Every script of the project at `root`. They are searched for workflows, so that the result does not depend on the order of the build. */
  scripts?(root: string): string[];
  /** Replaces the default resolver, which reads the file system. */
  resolve?: Resolve;
}

export const nodeHost: Host = { readFile: readText, scripts: scriptsBelow };

function scriptsBelow(directory: string): string[] {
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory())
      return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : scriptsBelow(path);
    return entry.isFile() && isProjectFile(path) ? [path] : [];
  });
}
