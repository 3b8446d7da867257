import { readdirSync, statSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { isProjectFile } from "../../files/paths.ts";

/** A directory that was changed so shortly before it was read may be changed again without another time: file systems count in ticks, some in seconds. */
const TICK_MS = 2000;

interface Directory {
  /** When it was last changed. `undefined` if that was too shortly before it was read. */
  readonly changedAt: number | undefined;
  readonly directories: readonly string[];
  readonly scripts: readonly string[];
}

/** The scripts and components below a directory, without those of installed packages. Only directories that have changed are read again. */
export class Listing {
  private readonly known = new Map<string, Directory>();

  scripts(root: string): string[] {
    const found: string[] = [];
    const seen = new Set<string>();
    const visit = (path: string): void => {
      seen.add(path);
      const { directories, scripts } = this.read(path);
      for (const each of scripts) found.push(each);
      for (const each of directories) visit(each);
    };
    visit(root);
    for (const each of this.known.keys()) if (!seen.has(each)) this.known.delete(each);
    return found;
  }

  private read(path: string): Directory {
    const changedAt = changeOf(path);
    const before = this.known.get(path);
    if (before && before.changedAt === changedAt && changedAt !== undefined) return before;
    const entries = changedAt === undefined ? [] : entriesOf(path);
    const at = (keep: (entry: Dirent) => boolean): string[] => entries.filter(keep).map(({ name }) => join(path, name));
    const directory = {
      changedAt: changedAt !== undefined && changedAt < Date.now() - TICK_MS ? changedAt : undefined,
      directories: at((each) => each.isDirectory() && each.name !== "node_modules" && !each.name.startsWith(".")),
      scripts: at((each) => each.isFile()).filter(isProjectFile),
    };
    this.known.set(path, directory);
    return directory;
  }
}

function changeOf(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
