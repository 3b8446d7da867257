import type { Position } from "@perdure/protocol";
import { isBuiltin } from "node:module";
import { createLocator } from "../diagnostics/diagnostic.ts";
import type { DirectiveWords } from "../directives/directive.ts";
import { isSource } from "../files/paths.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { scriptOf } from "../phases/1-parse/component.ts";
import { findDirectives, type Directives } from "../phases/1-parse/directives.ts";
import { parse, type Parsed } from "../phases/1-parse/parse.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";
import { summarize, type ModuleModel } from "../phases/2-analyze/model/model.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { hashProgram } from "../syntax/hash.ts";
import type { Host } from "./host.ts";
import { isRuntime, type Module } from "./links/link.ts";
import type { Packages } from "./packages.ts";
import { createResolve, type Resolve, type Resolver } from "./links/resolve.ts";
import { Scans, type Scan } from "./text/scans.ts";
import { TextGraph } from "./text/text-graph.ts";

/** A file that has been parsed, with what was found in it. */
export interface Built {
  readonly parsed: Parsed;
  readonly directives: Directives;
  readonly model: ModuleModel;
}

/** A module of the project, read from disk or passed in by the bundler. */
export class ProjectModule implements Module {
  readonly file: string;
  readonly summary: ModuleSummary;
  private readonly source: string;
  private readonly project: ModuleCache;
  private readonly id: string;
  private ownHash: string | undefined;
  private locator: ((offset: number) => Position) | undefined;

  /** @param id - tells the language of the text */
  constructor(file: string, source: string, summary: ModuleSummary, project: ModuleCache, id = file, hash?: string) {
    this.file = file;
    this.id = id;
    this.source = source;
    this.summary = summary;
    this.project = project;
    this.ownHash = hash;
  }

  locate(offset: number): Position {
    this.locator ??= createLocator(this.source);
    return this.locator(offset);
  }

  get hash(): string {
    return (this.ownHash ??= hashProgram(this.project.parsed(this.id, this.source).program));
  }

  follow(specifier: string): Module | undefined {
    const path = isRuntime(specifier) ? undefined : this.project.resolve(specifier, this.file);
    return path === undefined ? undefined : this.project.module(path);
  }
}

interface Cached {
  readonly scan: Scan;
  readonly module: ProjectModule | undefined;
}

/** Code that a workflow's module may have to record, or clean-up: the file is then rewritten although it holds no directive. */
const mayRecord = /\b(?:Date|Math|performance|crypto|catch|finally|then|using|extends|instanceof)\b|[dD]ispose\b|\\u/;

/** Syntax trees are large. Those of so many characters of text are kept for when the bundler passes in their files. */
const KEPT_CHARACTERS = 500_000;

/** Caches summaries by path and content. */
export class ModuleCache {
  readonly scans: Scans;
  readonly texts: TextGraph;
  private readonly cached = new Map<string, Cached>();
  /** What imports lead to, by the path of the importer and the specifier. */
  private readonly resolved = new Map<string, Map<string, string | undefined>>();
  /** The files whose imports have led to a file. */
  private readonly importers = new Map<string, Set<string>>();
  private readonly words: DirectiveWords;
  private readonly packages: Packages;
  private readonly resolver: Resolve & Partial<Resolver>;
  /** The imports that only the bundler can resolve. */
  private readonly byBundler = new Map<string, string>();
  /** By the id, the oldest first. */
  private readonly kept = new Map<string, Built>();
  private keptCharacters = 0;
  /** Called for each file whose imports lead to other modules than before, because the bundler has resolved one of them. */
  onRelink: (importer: string) => void = () => {};

  constructor(host: Host, words: DirectiveWords, packages: Packages) {
    this.words = words;
    this.packages = packages;
    this.resolver = host.resolve ?? createResolve((file) => packages.follows(file));
    this.scans = new Scans((path) => host.readFile(path), words);
    this.texts = new TextGraph(
      this.scans,
      (specifier, importer) => (isRuntime(specifier) ? undefined : this.resolve(specifier, importer)),
      (path, scan) => {
        const module = this.scans.of(path) === scan ? this.module(path) : this.read(path, scan);
        const { imports = [], stars = [] } = module?.summary ?? {};
        return [...imports, ...stars];
      },
    );
  }

  resolve(specifier: string, importer: string): string | undefined {
    let known = this.resolved.get(importer);
    if (!known) this.resolved.set(importer, (known = new Map()));
    if (!known.has(specifier)) {
      const path = this.resolver(specifier, importer);
      known.set(specifier, path);
      if (path !== undefined) this.noteImporter(path, importer);
    }
    return known.get(specifier) ?? this.byBundler.get(`${importer}\0${specifier}`);
  }

  private noteImporter(path: string, importer: string): void {
    const importers = this.importers.get(path);
    if (importers) importers.add(importer);
    else this.importers.set(path, new Set([importer]));
  }

  /** A file and all whose imports lead to it, as far as they were followed: whatever was found out of these may depend on it. */
  dependents(path: string): Set<string> {
    const found = new Set([path]);
    for (const each of found) for (const next of this.importers.get(each) ?? []) found.add(next);
    return found;
  }

  /** The imports of a file that lead to no project file, but may do so in the bundler: an alias can hide a package. */
  unresolved(specifiers: readonly string[], file: string): string[] {
    return specifiers.filter((from) => {
      if (isRuntime(from) || isBuiltin(from) || this.resolve(from, file) !== undefined) return false;
      return !/^\.{0,2}\//.test(from) || this.resolver.finds?.(from, file) !== true;
    });
  }

  /** Takes what the bundler resolves an import to. */
  resolveTo(specifier: string, importer: string, path: string): void {
    const key = `${importer}\0${specifier}`;
    if (this.byBundler.get(key) === path) return;
    this.byBundler.set(key, path);
    this.noteImporter(path, importer);
    this.texts.relink(importer);
    this.onRelink(importer);
  }

  /** The module on disk, if its text is `source`. It then takes the given summary instead of computing one. */
  matching(path: string, source: string, summary: ModuleSummary): ProjectModule | undefined {
    return this.scans.of(path)?.source === source ? this.module(path, summary) : undefined;
  }

  source(path: string): string | undefined {
    return this.scans.of(path)?.source;
  }

  module(path: string, summary?: ModuleSummary): ProjectModule | undefined {
    const scan = this.scans.of(path);
    if (!scan) {
      this.cached.delete(path);
      return undefined;
    }
    const before = this.cached.get(path);
    if (before?.scan === scan) return before.module;
    const module = summary ? new ProjectModule(path, scan.source, summary, this) : this.read(path, scan);
    this.cached.set(path, { scan, module });
    return module;
  }

  private read(file: string, scan: Scan): ProjectModule | undefined {
    const { id, source } = scriptOf(file, scan.source);
    const parsed = parse(id, source);
    if (parsed.error || isCompiled(parsed)) return undefined;
    const directives = findDirectives(parsed, this.words, { file, source });
    const model = buildModel(parsed, directives);
    const isLikelyCompiled = scan.holds || mayRecord.test(source) || this.leads(file, scan);
    if (isLikelyCompiled) this.keep(id, { parsed, directives, model });
    const hash = isLikelyCompiled ? undefined : hashProgram(parsed.program);
    return new ProjectModule(file, source, summarize(model), this, id, hash);
  }

  /** Whether the module may lead to something durable. If only its syntax tree can tell its imports, it is not asked: this is called while it is read. */
  private leads(file: string, scan: Scan): boolean {
    return scan.imports === undefined || this.texts.mayLead(file, scan);
  }

  private keep(id: string, built: Built): void {
    this.keptCharacters -= this.kept.get(id)?.parsed.source.length ?? 0;
    this.kept.delete(id);
    this.kept.set(id, built);
    this.keptCharacters += built.parsed.source.length;
    for (const [first, { parsed }] of this.kept) {
      if (this.keptCharacters <= KEPT_CHARACTERS) return;
      this.kept.delete(first);
      this.keptCharacters -= parsed.source.length;
    }
  }

  /** The module as it was before a change of its file. */
  known(path: string): ProjectModule | undefined {
    return this.cached.get(path)?.module;
  }

  /** The file with this text, if it has been parsed and was not asked for since. */
  take(id: string, source: string): Built | undefined {
    const found = this.kept.get(id);
    if (found?.parsed.source !== source) return undefined;
    this.kept.delete(id);
    this.keptCharacters -= source.length;
    return found;
  }

  parsed(id: string, source: string): Parsed {
    const kept = this.kept.get(id)?.parsed;
    return kept?.source === source ? kept : parse(id, source);
  }

  /**
   * Call it when a file may have changed, or any file. Says what that means: nothing, another text, or that imports may lead to other files than before.
   */
  changed(path?: string): "nothing" | "text" | "files" {
    if (path === undefined) {
      this.scans.forget();
      return "files";
    }
    const before = this.scans.known(path);
    this.scans.forget(path);
    const now = before && this.scans.of(path);
    if (before && now === before) return "nothing";
    if (before && now) {
      this.resolved.delete(path);
      this.texts.changed(path, before);
      return "text";
    }
    this.cached.delete(path);
    // a style sheet or a document is nothing that a module imports code from
    return before || isSource(path) || /(?:\.json|[\\/][^.\\/]*|\.d\.[cm]?ts)$/.test(path) ? "files" : "nothing";
  }

  forgetResolutions(): void {
    this.resolved.clear();
    this.importers.clear();
    for (const [key, path] of this.byBundler) this.noteImporter(path, key.slice(0, key.indexOf("\0")));
    this.resolver.clear?.();
    this.packages.clear();
    this.texts.relink();
  }
}
