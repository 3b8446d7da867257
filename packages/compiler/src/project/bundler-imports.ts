import { isAbsolute } from "node:path";
import { isProjectFile, pathOf } from "../files/paths.ts";
import { directImports } from "./links/graph.ts";
import type { Module } from "./links/link.ts";
import type { ModuleCache } from "./modules.ts";
import type { BundlerResolve } from "./links/resolve.ts";

/**
 * Follows the imports that only the bundler can resolve (its aliases), before the modules that they lead to are needed. A program then has the
 * same step ids as with relative imports.
 */
export class BundlerImports {
  private readonly cache: ModuleCache;
  /** The answers by importer and specifier, also those that have not come yet. */
  private readonly asked = new Map<string, Promise<void>>();
  /** The files whose imports have all been followed, direct and indirect ones. */
  private complete = new Set<string>();

  constructor(cache: ModuleCache) {
    this.cache = cache;
  }

  /** Call it when a file has changed. */
  clear(): void {
    this.asked.clear();
    this.complete = new Set();
  }

  /** Follows the imports of `starts` and of everything that they import. */
  async follow(starts: ReadonlySet<Module>, resolve: BundlerResolve): Promise<void> {
    const { complete } = this;
    const found = new Set<string>();
    const queue = [...starts];
    for (let module = queue.pop(); module; module = queue.pop()) {
      const { file } = module;
      if (found.has(file) || (complete.has(file) && !starts.has(module))) continue;
      found.add(file);
      await Promise.all(this.cache.unresolved(module).map((specifier) => this.ask(specifier, file, resolve)));
      queue.push(...directImports(module));
    }
    for (const file of found) complete.add(file);
  }

  private ask(specifier: string, importer: string, resolve: BundlerResolve): Promise<void> {
    const key = `${importer}\0${specifier}`;
    const answer = this.asked.get(key) ?? this.resolve(specifier, importer, resolve);
    this.asked.set(key, answer);
    return answer;
  }

  private async resolve(specifier: string, importer: string, resolve: BundlerResolve): Promise<void> {
    const path = pathOf((await resolve(specifier, importer)) ?? "");
    if (isAbsolute(path) && isProjectFile(path)) this.cache.resolveTo(specifier, importer, path);
  }
}
