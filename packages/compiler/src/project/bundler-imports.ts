import { isAbsolute } from "node:path";
import { isProjectFile, pathOf } from "../files/paths.ts";
import type { BundlerResolve } from "./links/resolve.ts";
import type { ModuleCache } from "./modules.ts";
import type { Scan } from "./text/scans.ts";

/**
 * Follows the imports that only the bundler can resolve (its aliases), before the modules that they lead to are needed. A program then has the
 * same step ids as with relative imports.
 */
export class BundlerImports {
  private readonly cache: ModuleCache;
  /** The answers by importer and specifier, also those that have not come yet. */
  private readonly asked = new Map<string, Map<string, Promise<void>>>();
  /** The files whose imports have all been followed, direct and indirect ones. */
  private complete = new Set<string>();
  /** The files that have changed since. */
  private readonly changed = new Set<string>();
  private starts: readonly { readonly file: string }[] = [];

  constructor(cache: ModuleCache) {
    this.cache = cache;
  }

  /** Call it when a file has another text, or when imports may lead to other files. */
  clear(path?: string): void {
    if (path === undefined) {
      this.asked.clear();
      this.complete = new Set();
      this.starts = [];
    } else if (this.asked.delete(path) || this.complete.has(path)) this.changed.add(path);
  }

  /**
   * Follows the imports of a file, of `starts` and of everything that they import.
   * @param given - the text that the bundler has of the file
   */
  async follow(
    path: string,
    given: Scan,
    starts: readonly { readonly file: string }[],
    resolve: BundlerResolve,
  ): Promise<void> {
    const { complete, cache } = this;
    const changed = [...this.changed];
    const found = new Set([...changed, ...(starts === this.starts ? [] : starts.map(({ file }) => file))]);
    found.delete(path);
    for (const each of changed) complete.delete(each);
    if (!complete.has(path) || cache.scans.of(path) !== given) {
      await this.ask(path, given, resolve);
      for (const each of cache.texts.targets(path, given)) found.add(each);
    }
    for (const file of found) {
      const scan = complete.has(file) ? undefined : cache.scans.of(file);
      if (!scan) continue;
      await this.ask(file, scan, resolve);
      for (const each of cache.texts.imports(file)) found.add(each);
    }
    // only now: another call must not take for followed what this one waits for
    this.starts = starts;
    for (const file of changed) this.changed.delete(file);
    for (const file of found) complete.add(file);
    if (cache.scans.of(path) === given) complete.add(path);
  }

  private async ask(importer: string, scan: Scan, resolve: BundlerResolve): Promise<void> {
    const specifiers = this.cache.unresolved(this.cache.texts.specifiers(importer, scan), importer);
    if (specifiers.length === 0) return;
    let asked = this.asked.get(importer);
    if (!asked) this.asked.set(importer, (asked = new Map()));
    for (const each of specifiers) if (!asked.has(each)) asked.set(each, this.resolve(each, importer, resolve));
    await Promise.all(specifiers.map((each) => asked.get(each)));
  }

  private async resolve(specifier: string, importer: string, resolve: BundlerResolve): Promise<void> {
    const path = pathOf((await resolve(specifier, importer)) ?? "");
    if (isAbsolute(path) && isProjectFile(path)) this.cache.resolveTo(specifier, importer, path);
  }
}
