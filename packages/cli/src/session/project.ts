import { existsSync, readdirSync, readFileSync, statSync, type Dirent } from "node:fs";
import { join, relative, resolve } from "node:path";

/** A file of the project with its text. */
interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** What doctor reads of a project. Nothing is loaded. */
export interface ProjectFiles {
  /** The built program. */
  readonly built: readonly TextFile[];
  /** package.json and the configurations of builds. */
  readonly configuration: readonly TextFile[];
  /** Directories of the installed copies of perdure. */
  readonly copies: readonly string[];
}

const PROGRAM = /\.[cm]?js$/u;
const CONFIGURATION =
  /^(?:package\.json|tsconfig.*\.json|.*\.config\.[cm]?[jt]s|(?:build|esbuild|bundle).*\.[cm]?[jt]s)$/u;
const LARGEST = 20_000_000;
const MOST = 5_000;

/** @param paths - files and directories of the built program */
export function readProject(paths: readonly string[]): ProjectFiles {
  return {
    built: paths.flatMap((path) => filesBelow(resolve(path))).map(read),
    configuration: entries(".")
      .filter((entry) => entry.isFile() && CONFIGURATION.test(entry.name))
      .map(({ name }) => read(resolve(name))),
    copies: copiesBelow(resolve("node_modules")),
  };
}

function filesBelow(path: string, found: string[] = []): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (found.length >= MOST || !stat) return found;
  if (stat.isFile()) {
    if (PROGRAM.test(path) && stat.size <= LARGEST) found.push(path);
    return found;
  }
  for (const entry of entries(path))
    if (entry.name !== "node_modules" && !entry.isSymbolicLink()) filesBelow(join(path, entry.name), found);
  return found;
}

const read = (path: string): TextFile => ({ path: relative(".", path) || path, text: readFileSync(path, "utf8") });

const entries = (directory: string): Dirent[] =>
  existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];

/** The copy of the project, and those that its packages have of their own. */
function copiesBelow(modules: string): string[] {
  const packages = entries(modules).flatMap(({ name }) =>
    name.startsWith("@")
      ? entries(join(modules, name)).map((scoped) => join(modules, name, scoped.name))
      : [join(modules, name)],
  );
  return [modules, ...packages.map((each) => join(each, "node_modules"))]
    .map((each) => join(each, "perdure"))
    .filter((copy) => existsSync(join(copy, "package.json")));
}
