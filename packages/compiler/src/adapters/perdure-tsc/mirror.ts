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

/** An entry of the mirror that differs from the real file system, or a directory above one. */
interface Node {
  readonly children: Map<string, Node>;
  /** Content of a replaced file. */
  text?: string;
  /** Whether the directory is shown empty. */
  empty?: true;
}

const newNode = (): Node => ({ children: new Map() });

/** How a mirror differs from the real file system. */
export interface Differences {
  /** Contents of replaced files, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Directories to show empty. */
  readonly empty: readonly string[];
  /** Directories to create in the mirror instead of linking them, so that files written there do not reach the real directories. */
  readonly own: readonly string[];
  /** Which entries of an `own` directory to leave out, given the names of all its entries. */
  readonly hides: (name: string, siblings: ReadonlySet<string>) => boolean;
}

/**
 * A directory that looks like the root of the file system, with the content of some files replaced. A compiler started inside the mirror
 * finds every file, package and configuration at its usual path, prefixed by the mirror's path. Whatever it writes stays in the mirror.
 */
export class Mirror {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "perdure-tsc-")));

  constructor() {
    process.once("exit", this.remove);
  }

  /** The mirror's path for a real path. */
  inside(path: string): string {
    const { root } = parse(path);
    const drive = root.replace(/[\\/:]/g, "");
    return join(this.root, drive, path.slice(root.length));
  }

  isInside = (path: string): boolean => resolve(path).startsWith(this.root + sep);

  /** The real path for a path in the mirror. */
  outside(path: string): string {
    const below = resolve(path).slice(this.root.length + 1);
    return sep === "\\" ? below.replace(/^(\w)\\/, "$1:\\") : sep + below;
  }

  /** Replaces the paths of the mirror in a text with the real paths. */
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

/** A directory above a replaced file may be unreadable. It then counts as empty. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** On Windows every user may create a junction to a directory, but not every user may create a link to a file. */
function link(real: string, mirrored: string): void {
  if (sep === "/") return symlinkSync(real, mirrored);
  const stats = statSync(real, { throwIfNoEntry: false });
  if (stats?.isDirectory()) symlinkSync(real, mirrored, "junction");
  else if (stats) copyFileSync(real, mirrored);
}
