import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Dirent,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, parse, resolve, sep } from "node:path";

/** What stands in a directory of the mirror in place of what the real one holds. */
interface Node {
  readonly children: Map<string, Node>;
  /** The file's text. */
  text?: string;
  /** An empty directory. */
  empty?: true;
}

const newNode = (): Node => ({ children: new Map() });

/** What a mirror shows otherwise than the real file system. */
export interface Differences {
  /** Texts of files, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Directories that are empty. */
  readonly empty: readonly string[];
  /** Directories that can be written to without anything being written to the real ones. */
  readonly own: readonly string[];
  /** Files that are not there: those beside the others, by name, of a directory of its own. */
  readonly hides: (name: string, siblings: ReadonlySet<string>) => boolean;
}

/**
 * A directory that looks like the root of the file system, with other texts in some files. A compiler that is started in it finds every file,
 * package and configuration where it is, under the mirror's path; what it writes stays in the mirror.
 */
export class Mirror {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "perdure-tsc-")));

  constructor() {
    process.once("exit", this.remove);
  }

  /** The path in the mirror. */
  inside(path: string): string {
    const { root } = parse(path);
    const drive = root.replace(/[\\/:]/g, "");
    return join(this.root, drive, path.slice(root.length));
  }

  isInside = (path: string): boolean => resolve(path).startsWith(this.root + sep);

  /** The real path. */
  outside(path: string): string {
    const below = resolve(path).slice(this.root.length + 1);
    return sep === "\\" ? below.replace(/^(\w)\\/, "$1:\\") : sep + below;
  }

  /** Anything that names a file of the mirror names the real one then. */
  withoutMirror = (text: string): string => text.replaceAll(this.root, "");

  show(differences: Differences): void {
    const roots = new Map<string, Node>();
    const at = (path: string): Node => this.node(roots, path);
    for (const [path, text] of differences.files) at(path).text = text;
    for (const path of differences.empty) at(path).empty = true;
    for (const path of differences.own) at(path);
    for (const [root, node] of roots) fill(root, this.inside(root), node, differences);
  }

  remove = (): void => {
    process.removeListener("exit", this.remove);
    rmSync(this.root, { recursive: true, force: true });
  };

  private node(roots: Map<string, Node>, path: string): Node {
    const { root } = parse(path);
    let node = getOr(roots, root);
    for (const name of path.slice(root.length).split(sep)) if (name !== "") node = getOr(node.children, name);
    return node;
  }
}

function getOr(nodes: Map<string, Node>, name: string): Node {
  const node = nodes.get(name) ?? newNode();
  nodes.set(name, node);
  return node;
}

function fill(real: string, mirrored: string, node: Node, differences: Differences): void {
  if (node.text !== undefined) return writeFileSync(mirrored, node.text);
  mkdirSync(mirrored, { recursive: true });
  if (!node.empty) linkAll(real, mirrored, node, differences);
  for (const [name, child] of node.children) fill(join(real, name), join(mirrored, name), child, differences);
}

function linkAll(real: string, mirrored: string, { children }: Node, { own, hides }: Differences): void {
  const entries = entriesOf(real).filter(({ name }) => !children.has(name));
  const siblings = own.includes(real) ? new Set([...entries.map(({ name }) => name), ...children.keys()]) : undefined;
  for (const { name } of entries) if (!siblings || !hides(name, siblings)) link(join(real, name), join(mirrored, name));
}

/** Nothing of a directory that may not be read, on the way to one that may. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Windows lets everybody make junctions of directories, but not every user links to files. */
function link(real: string, mirrored: string): void {
  if (sep === "/") return symlinkSync(real, mirrored);
  const stats = statSync(real, { throwIfNoEntry: false });
  if (stats?.isDirectory()) symlinkSync(real, mirrored, "junction");
  else if (stats) copyFileSync(real, mirrored);
}
