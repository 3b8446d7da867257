import { readText } from "../files/read-text.ts";
import type { Resolve } from "./links/resolve.ts";
import { Listing } from "./text/listing.ts";

/** Access to the project's files. */
export interface Host {
  /** The text of a file. `undefined` if it does not exist. */
  readFile(path: string): string | undefined;
  /** Every script of the project at `root`. They are searched for workflows, so that the result does not depend on the order of the build. */
  scripts?(root: string): string[];
  /** Replaces the default resolver, which reads the file system. */
  resolve?: Resolve;
}

export const nodeHost: Host = { readFile: readText, scripts: (root) => new Listing().scripts(root) };
