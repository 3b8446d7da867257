import type { Position } from "@perdure/protocol";
import { createLocator } from "../diagnostics/diagnostic.ts";
import type { DirectiveWords } from "../directives/directive.ts";
import { isComponent } from "../files/paths.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { componentScript } from "../phases/1-parse/components.ts";
import { findDirectives } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";
import { summarize } from "../phases/2-analyze/model/model.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { hashProgram } from "../syntax/hash.ts";
import type { Host } from "./host.ts";
import { isRuntime, type Module } from "./link.ts";
import type { Packages } from "./packages.ts";
import { createResolve, type Resolve } from "./resolve.ts";

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
  private ownHash: string | undefined;

  constructor(file: string, source: string, summary: ModuleSummary, project: ModuleCache) {
    this.file = file;
    this.source = source;
    this.summary = summary;
    this.project = project;
  }

  locate(offset: number): Position {
    return createLocator(this.source)(offset);
  }

  /** Parses the file again. Few modules need a hash, and a syntax tree is too large to keep. */
  get hash(): string {
    return (this.ownHash ??= hashProgram(parse(this.file, this.source).program));
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
  private readonly resolver: Resolve & { clear?(): void };

  constructor(host: Host, words: DirectiveWords, packages: Packages) {
    this.host = host;
    this.words = words;
    this.packages = packages;
    this.resolver = host.resolve ?? createResolve((file) => packages.follows(file));
  }

  resolve(specifier: string, importer: string): string | undefined {
    const key = `${importer}\0${specifier}`;
    if (!this.resolved.has(key)) this.resolved.set(key, this.resolver(specifier, importer));
    return this.resolved.get(key);
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
          : this.read(path, source);
    this.cached.set(path, { source, module, fresh: true });
    return module;
  }

  private read(file: string, text: string): ProjectModule | undefined {
    const script = componentScript(file, text);
    if (!script && isComponent(file)) return undefined;
    const source = script?.source ?? text;
    const parsed = parse(script ? `${file}?lang.${script.language}` : file, source);
    if (parsed.error || isCompiled(parsed)) return undefined;
    const directives = findDirectives(parsed, this.words, { file, source });
    return new ProjectModule(file, source, summarize(buildModel(parsed, directives)), this);
  }

  stale(path?: string): void {
    for (const [key, entry] of this.cached)
      if (path === undefined || key === path) this.cached.set(key, { ...entry, fresh: false });
    this.resolved.clear();
    this.resolver.clear?.();
    this.packages.clear();
  }
}
