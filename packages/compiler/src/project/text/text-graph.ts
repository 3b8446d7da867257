import type { Scan, Scans } from "./scans.ts";

/** The project file that an import leads to. */
type Follow = (specifier: string, importer: string) => string | undefined;

/** The imports of a file whose text does not tell them. */
type Parsed = (path: string, scan: Scan) => readonly string[];

interface Node {
  readonly scan: Scan;
  readonly imports: readonly string[];
}

/**
 * Which files of a project can be affected by directives, as far as their texts tell. An import that is none (in a comment, of a type) makes it too many files,
 * never too few: whatever it leaves out has nothing to compile and nothing to report, whichever way its calls are resolved.
 */
export class TextGraph {
  private readonly scans: Scans;
  private readonly follow: Follow;
  private readonly parsed: Parsed;
  private readonly nodes = new Map<string, Node>();
  /** Whether each file leads to a directive or to the runtime. */
  private leading = new Map<string, boolean>();
  /** The files with directives and all that they lead to. */
  private reached: Set<string> | undefined;
  /** Rises when other files than before may lead to directives. */
  version = 0;

  constructor(scans: Scans, follow: Follow, parsed: Parsed) {
    this.scans = scans;
    this.follow = follow;
    this.parsed = parsed;
  }

  /** The specifiers in the text of a file. */
  specifiers(path: string, scan: Scan): readonly string[] {
    return scan.imports ?? this.parsed(path, scan);
  }

  /** The project files that a file imports. */
  imports(path: string): readonly string[] {
    const scan = this.scans.of(path);
    if (!scan) return [];
    const before = this.nodes.get(path);
    if (before?.scan === scan) return before.imports;
    const imports = this.targets(path, scan);
    this.nodes.set(path, { scan, imports });
    return imports;
  }

  targets(path: string, scan: Scan): readonly string[] {
    return [...new Set(this.specifiers(path, scan).flatMap((each) => this.follow(each, path) ?? []))];
  }

  /** `path` and everything it imports, directly or indirectly. */
  closure(path: string): Set<string> {
    const found = new Set([path]);
    for (const each of found) for (const next of this.imports(each)) found.add(next);
    return found;
  }

  /** Whether a file with this text may contain something durable. */
  mayLead(path: string, scan: Scan): boolean {
    if (this.isMarked(path, scan)) return true;
    if (this.scans.of(path) === scan) return this.leads(path);
    return this.targets(path, scan).some((each) => this.leads(each));
  }

  private leads(start: string): boolean {
    const { leading } = this;
    const known = leading.get(start);
    if (known !== undefined) return known;
    const found = new Set([start]);
    for (const each of found) {
      const scan = this.scans.of(each);
      if (leading.get(each) === true || (scan && this.isMarked(each, scan))) {
        leading.set(start, true);
        return true;
      }
      if (leading.get(each) === undefined) for (const next of this.imports(each)) found.add(next);
    }
    for (const each of found) leading.set(each, false);
    return false;
  }

  private isMarked(path: string, scan: Scan): boolean {
    return scan.holds || this.specifiers(path, scan).includes("perdure");
  }

  /** Whether one of these files leads to the file. */
  isReached(path: string, starts: () => Iterable<string>): boolean {
    if (!this.reached) {
      this.reached = new Set(starts());
      for (const each of this.reached) for (const next of this.imports(each)) this.reached.add(next);
    }
    return this.reached.has(path);
  }

  /** Call it when a file has another text. */
  changed(path: string, before: Scan): void {
    const now = this.scans.of(path);
    const node = this.nodes.get(path);
    if (
      now &&
      node &&
      now.holds === before.holds &&
      isSame(node.imports, this.imports(path)) &&
      this.isMarked(path, now) === this.isMarked(path, before)
    )
      return;
    this.relink(path);
    if (now?.holds !== before.holds) this.reached = undefined;
  }

  /** Call it when the imports of a file may lead to other files, or those of any file. */
  relink(importer?: string): void {
    if (importer === undefined) this.nodes.clear();
    else this.nodes.delete(importer);
    if (importer === undefined || this.leading.has(importer)) this.leading = new Map();
    if (importer === undefined || this.reached?.has(importer) === true) this.reached = undefined;
    this.version++;
  }
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each, i) => each === others[i]);
