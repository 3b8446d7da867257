import type { Position } from "@perdure/protocol";
import { isBuiltin } from "node:module";
import { createLocator } from "../diagnostics/diagnostic.ts";
import type { DirectiveWords } from "../directives/directive.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { scriptOf } from "../phases/1-parse/component.ts";
import { findDirectives } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";
import { summarize } from "../phases/2-analyze/model/model.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { hashProgram } from "../syntax/hash.ts";
import type { Host } from "./host.ts";
import { isRuntime, type Module } from "./links/link.ts";
import type { Packages } from "./packages.ts";
import { createResolve, type Resolve, type Resolver } from "./links/resolve.ts";

interface Cached {
  readonly source: string;
  readonly module: ProjectModule | undefined;
  readonly fresh: boolean;
}

/** A module of the project, read from disk or passed in by the bundler. */
export class ProjectModule implements Module {
  readonly file: string;
  readonly summary: ModuleSummary;
  private readonly source: string;
  private readonly project: ModuleCache;
  private readonly id: string;
  private ownHash: string | undefined;

  /** @param id - tells the language of the text */
  constructor(file: string, source: string, summary: ModuleSummary, project: ModuleCache, id = file) {
    this.file = file;
    this.id = id;
    this.source = source;
    this.summary = summary;
    this.project = project;
  }

  locate(offset: number): Position {
    return createLocator(this.source)(offset);
  }

  /** Parses the file again. Few modules need a hash, and a syntax tree is too large to keep. */
  get hash(): string {
    return (this.ownHash ??= hashProgram(parse(this.id, this.source).program));
  }

  follow(specifier: string): Module | undefined {
    const path = isRuntime(specifier) ? undefined : this.project.resolve(specifier, this.file);
    return path === undefined ? undefined : this.project.module(path);
  }
}

/** Caches summaries by path and content. */
export class ModuleCache {
  private readonly cached = new Map<string, Cached>();
  private readonly resolved = new Map<string, string | undefined>();
  private readonly host: Host;
  private readonly words: DirectiveWords;
  private readonly packages: Packages;
  private readonly resolver: Resolve & Partial<Resolver>;
  /** The imports that only the bundler can resolve. */
  private readonly byBundler = new Map<string, string>();
  /** Rises with each new one. */
  version = 0;

  constructor(host: Host, words: DirectiveWords, packages: Packages) {
    this.host = host;
    this.words = words;
    this.packages = packages;
    this.resolver = host.resolve ?? createResolve((file) => packages.follows(file));
  }

  resolve(specifier: string, importer: string): string | undefined {
    const key = `${importer}\0${specifier}`;
    if (!this.resolved.has(key)) this.resolved.set(key, this.resolver(specifier, importer));
    return this.resolved.get(key) ?? this.byBundler.get(key);
  }

  /** The imports of a module that lead to no project file, but may do so in the bundler: an alias can hide a package. */
  unresolved({ file, summary }: Module): string[] {
    return [...new Set([...summary.imports, ...summary.stars])].filter((from) => {
      if (isRuntime(from) || isBuiltin(from) || this.resolve(from, file) !== undefined) return false;
      return !/^\.{0,2}\//.test(from) || this.resolver.finds?.(from, file) !== true;
    });
  }

  /** Takes what the bundler resolves an import to. */
  resolveTo(specifier: string, importer: string, path: string): void {
    const key = `${importer}\0${specifier}`;
    if (this.byBundler.get(key) !== path) this.version++;
    this.byBundler.set(key, path);
  }

  /** The module with the text that the bundler has, which another plugin may have changed. */
  given(path: string, source: string): ProjectModule | undefined {
    return this.source(path) === source ? this.module(path) : this.read(path, { id: path, source });
  }

  /** The module on disk, if its text is `source`. It then takes the given summary instead of computing one. */
  matching(path: string, source: string, summary: ModuleSummary): ProjectModule | undefined {
    const module = this.module(path, { source, summary });
    return this.cached.get(path)?.source === source ? module : undefined;
  }

  source(path: string): string | undefined {
    this.module(path);
    return this.cached.get(path)?.source;
  }

  module(
    path: string,
    given?: { readonly source: string; readonly summary: ModuleSummary },
  ): ProjectModule | undefined {
    const before = this.cached.get(path);
    if (before?.fresh) return before.module;
    const source = this.host.readFile(path);
    if (source === undefined) {
      this.cached.delete(path);
      return undefined;
    }
    const module =
      before?.source === source
        ? before.module
        : given?.source === source
          ? new ProjectModule(path, source, given.summary, this)
          : this.read(path, scriptOf(path, source));
    this.cached.set(path, { source, module, fresh: true });
    return module;
  }

  private read(
    file: string,
    { id, source }: { readonly id: string; readonly source: string },
  ): ProjectModule | undefined {
    const parsed = parse(id, source);
    if (parsed.error || isCompiled(parsed)) return undefined;
    const directives = findDirectives(parsed, this.words, { file, source });
    return new ProjectModule(file, source, summarize(buildModel(parsed, directives)), this, id);
  }

  stale(path?: string): void {
    for (const [key, entry] of this.cached)
      if (path === undefined || key === path) this.cached.set(key, { ...entry, fresh: false });
    this.resolved.clear();
    this.resolver.clear?.();
    this.packages.clear();
  }
}
