import { dirname, join } from "node:path";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../directives/directive.ts";
import { readPackageJson, type PackageJson } from "../files/package-json.ts";
import { isInstalled } from "../files/paths.ts";
import { namesDirective } from "../phases/1-parse/directives.ts";
import type { Host } from "./host.ts";

interface Package {
  readonly directory: string;
  readonly content: PackageJson;
}

/** The packages that the files of a project belong to, and which of the installed ones may hold durable functions that are not compiled. */
export class Packages {
  private readonly host: Host;
  private readonly words: DirectiveWords;
  /** The names of the packages to compile. */
  private readonly wanted: ReadonlySet<string>;
  private readonly found = new Map<string, Package | undefined>();
  /** By the directory of a package that is followed, or by the file. */
  private readonly followed = new Map<string, boolean>();
  private readonly contents = new Map<string, PackageJson | undefined>();

  constructor(host: Host, words: DirectiveWords = DIRECTIVE_WORDS, wanted: readonly string[] = []) {
    this.host = host;
    this.words = words;
    this.wanted = new Set(wanted);
  }

  clear(): void {
    this.found.clear();
    this.followed.clear();
    this.contents.clear();
  }

  isSame(a: string, b: string): boolean {
    return this.of(a)?.directory === this.of(b)?.directory;
  }

  nameOf(file: string): string | undefined {
    return this.of(file)?.content.name;
  }

  /**
   * Whether an installed file is worth to be read: its package is to be compiled, needs the runtime, or the file holds a directive itself. Every other
   * package is opaque: what it does is not analyzed.
   */
  follows(file: string): boolean {
    const found = this.of(file);
    const key = found?.directory ?? file;
    const known = this.followed.get(key) ?? this.followed.get(file);
    if (known !== undefined) return known;
    const { name, requires } = found?.content ?? {};
    const follows =
      (name !== undefined && this.wanted.has(name)) ||
      requires?.has("perdure") === true ||
      namesDirective(this.host.readFile(file) ?? "", this.words);
    this.followed.set(follows ? key : file, follows);
    return follows;
  }

  /** The package.json in a directory. */
  in(directory: string): PackageJson | undefined {
    if (!this.contents.has(directory))
      this.contents.set(directory, readPackageJson(join(directory, "package.json"), this.host));
    return this.contents.get(directory);
  }

  private of(file: string): Package | undefined {
    return this.inside(dirname(file));
  }

  private inside(directory: string): Package | undefined {
    if (this.found.has(directory)) return this.found.get(directory);
    const content = this.in(directory);
    const above = dirname(directory);
    // a package.json without a name only sets the format of the files below it
    const isEnd = above === directory || (isInstalled(directory) && above.endsWith("node_modules"));
    const own = content && (content.name !== undefined || isEnd) ? { directory, content } : undefined;
    const result = own ?? (isEnd ? undefined : this.inside(above));
    this.found.set(directory, result);
    return result;
  }
}
