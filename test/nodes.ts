import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const cache = resolve(import.meta.dirname, "../node_modules/.cache/perdure-nodes");

const releases = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0" } as const;

/** A major version of Node that programs are run with. */
export type NodeLine = keyof typeof releases;

/** The executable of that version: the one that runs the tests, or one installed from npm. */
export async function nodeOf(line: NodeLine): Promise<string> {
  if (process.version.startsWith(`v${line}.`)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  return join(await installed(name, releases[line]), "bin/node");
}

/** The directory of a better-sqlite3 whose binary that version can load: version 12 is compiled for the Node that installed it. */
export async function sqliteOf(line: NodeLine): Promise<string> {
  if (process.version.startsWith(`v${line}.`)) return resolve(cache, "../../better-sqlite3");
  return installed("better-sqlite3", "13.2.0");
}

/** The helpers of TypeScript's `importHelpers`. */
export const tslib = (): Promise<string> => installed("tslib", "2.8.1");

/** Installs a package and returns its directory. As a dependency of the workspace it would shadow executables there. */
const installed = async (name: string, version: string): Promise<string> =>
  join(await projectOf(`${name}-${version}`, { [name]: version }), "node_modules", name);

/**
 * Installs packages, of the versions given, into a project in the cache once, and returns its directory.
 * @public the bench uses it too
 */
export async function projectOf(name: string, packages: Readonly<Record<string, string>>): Promise<string> {
  const place = join(cache, name);
  if (!existsSync(place)) {
    mkdirSync(cache, { recursive: true });
    const draft = mkdtempSync(`${place}-`);
    await promisify(execFile)("npm", [
      "install",
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      "--prefix",
      draft,
      ...Object.entries(packages).map(([each, version]) => `${each}@${version}`),
    ]);
    keepFirst(draft, place);
  }
  return place;
}

/** Keeps the first directory if another test has installed the package meanwhile. */
function keepFirst(draft: string, place: string): void {
  try {
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
}
