import type { Position } from "@perdure/protocol";
import { createLocator } from "../diagnostics/diagnostic.ts";
import type { DirectiveWords } from "../directives/directive.ts";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findDirectives, mayHoldDirective } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";
import { combineHashes, hashProgram } from "../syntax/hash.ts";
import { summarize, type Analysis, type ModuleSummary } from "../phases/2-analyze/model/model.ts";
import { projectPath } from "../files/paths.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { Evaluation, type Durability, type DurabilityOf } from "./durability.ts";
import { isRuntime, type Module } from "./link.ts";
import { chanceIn, hasChance } from "./chance.ts";
import { impuritiesOf } from "./purity.ts";
import { createResolve, isProjectFile, type Resolve } from "./resolve.ts";

/** Access to the project's files. */
export interface Host {
  /** The text of a file, `undefined` when there is none. */
  readFile(path: string): string | undefined;
  /** Every script of the project at `root`: what its workflows import is found from them, whatever is built first. */
  scripts?(root: string): string[];
  /** Replaces the resolver, which works on the file system. */
  resolve?: Resolve;
}

export const nodeHost: Host = {
  readFile(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  scripts: scriptsBelow,
};

function scriptsBelow(directory: string): string[] {
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory())
      return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : scriptsBelow(path);
    return entry.isFile() && isProjectFile(path) ? [path] : [];
  });
}

/** What is known of a whole project: summaries of its modules, read when they are needed and kept. */
export interface Project {
  analyze(file: string, source: string, summary: ModuleSummary): Analysis;
  /** The file has changed. */
  invalidate(path: string): void;
  /** Any file may have changed: each is read again when it is needed, and parsed again if it differs. */
  refresh(): void;
  /** Stands for all that the other files contribute to the analysis of `file`. */
  signature(file: string): string;
  /** The project files that `file` imports. */
  imports(file: string): string[];
  /** The project files whose content decides about `file`, itself left out. */
  dependencies(file: string): string[];
}

interface Cached {
  readonly source: string;
  readonly module: ProjectModule | undefined;
  readonly fresh: boolean;
}

interface Final {
  readonly durability: Durability;
  readonly touched: boolean;
}

class ProjectModule implements Module {
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

  /** Parses once more: few modules are asked, and a syntax tree is too big to be kept for them. */
  get hash(): string {
    return (this.ownHash ??= hashProgram(parse(this.file, this.source).program));
  }

  follow(specifier: string): Module | undefined {
    const path = isRuntime(specifier) ? undefined : this.project.resolve(specifier, this.file);
    return path === undefined ? undefined : this.project.module(path);
  }
}

/** Summaries by path and content. */
class ModuleCache {
  private readonly cached = new Map<string, Cached>();
  private readonly resolved = new Map<string, string | undefined>();
  private readonly host: Host;
  private readonly words: DirectiveWords;
  private readonly resolver: Resolve & { clear?(): void };

  constructor(host: Host, words: DirectiveWords) {
    this.host = host;
    this.words = words;
    this.resolver = host.resolve ?? createResolve();
  }

  resolve(specifier: string, importer: string): string | undefined {
    const key = `${importer}\0${specifier}`;
    if (!this.resolved.has(key)) this.resolved.set(key, this.resolver(specifier, importer));
    return this.resolved.get(key);
  }

  /** The module on disk, if that is what `source` says; its summary is then known already. */
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

  private read(file: string, source: string): ProjectModule | undefined {
    const parsed = parse(file, source);
    if (parsed.error || isCompiled(parsed)) return undefined;
    const directives = findDirectives(parsed, this.words, { file, source });
    return new ProjectModule(file, source, summarize(buildModel(parsed, directives)), this);
  }

  stale(path?: string): void {
    for (const [key, entry] of this.cached)
      if (path === undefined || key === path) this.cached.set(key, { ...entry, fresh: false });
    this.resolved.clear();
    this.resolver.clear?.();
  }
}

/** @param root - directory that paths in messages start from, and that all scripts of the project are in */
export function createProject(host: Host, words: DirectiveWords, root: () => string): Project {
  const cache = new ModuleCache(host, words);
  const place = (file: string): string => projectPath(root(), file);
  let reached: ReadonlySet<string> | undefined;
  // asked only of a module that reads clock or chance: the whole project has to be looked through
  const isReached = ({ file }: Module): boolean =>
    (reached ??= new Set(
      workflowModules()
        .flatMap((module) => reachable(module, () => false))
        .map((each) => each.file),
    )).has(file);
  const workflowModules = (): Module[] =>
    (host.scripts?.(root()) ?? []).flatMap((path) => {
      const module = mayHoldDirective(host.readFile(path) ?? "", words) ? cache.module(path) : undefined;
      return module?.summary.functions.some(({ kind }) => kind === "workflow") ? [module] : [];
    });
  const isTouched = (evaluation: Evaluation, of: DurabilityOf): boolean =>
    evaluation.result.durable.includes(true) ||
    evaluation.hasTopLevelCall(of) ||
    (hasChance(evaluation.module) && isReached(evaluation.module));
  // results of a module hold once everything it imports has been evaluated with it
  const finals = new Map<string, Final>();
  const durabilityOf: DurabilityOf = (file) => finals.get(file)?.durability;

  const settle = (start: Module): void => {
    if (finals.has(start.file)) return;
    const open = reachable(start, (module) => finals.has(module.file)).map((module) => new Evaluation(module));
    const pending = new Map(open.map((each) => [each.module.file, each.result]));
    const of: DurabilityOf = (file) => pending.get(file) ?? durabilityOf(file);
    fixpoint(open, of);
    for (const each of open) finals.set(each.module.file, { durability: each.result, touched: isTouched(each, of) });
  };

  const isRewritten = ({ file }: Module): boolean => finals.get(file)?.touched === true;
  /** The rewritten modules that it imports, itself or through modules that stay as they are, and the fingerprint of the latter. */
  const importsOf = (module: Module): Pick<Analysis, "imports" | "plain"> => {
    const through = new Set(
      followed(module).flatMap((each) => reachable(each, (next) => next.file === module.file, isRewritten)),
    );
    const [rewritten, plain] = [[...through].filter(isRewritten), [...through].filter((each) => !isRewritten(each))];
    return { imports: rewritten.map(({ file }) => file), plain: combineHashes(plain.map(({ hash }) => hash)) };
  };

  return {
    analyze(file, source, summary) {
      const module = cache.matching(file, source, summary) ?? new ProjectModule(file, source, summary, cache);
      for (const each of followed(module)) settle(each);
      // the module itself is evaluated once more: its text may differ from what the others see on disk
      const evaluation = new Evaluation(module);
      const of: DurabilityOf = (path) => (path === file ? evaluation.result : durabilityOf(path));
      fixpoint([evaluation], of);
      const touched = isTouched(evaluation, of);
      const imported = touched ? importsOf(module) : { imports: [], plain: "" };
      return {
        durable: evaluation.result.durable,
        targets: evaluation.targets(of),
        chance: chanceIn(module),
        impurities: impuritiesOf(module, place),
        touched,
        ...imported,
      };
    },
    signature(file) {
      const module = cache.module(file);
      const source = cache.source(file);
      return module && source !== undefined ? JSON.stringify(this.analyze(file, source, module.summary)) : "";
    },
    invalidate(path) {
      cache.stale(path);
      finals.clear();
      reached = undefined;
    },
    refresh() {
      cache.stale();
      finals.clear();
      reached = undefined;
    },
    imports(file) {
      const module = cache.module(file);
      return module ? followed(module).map((each) => each.file) : [];
    },
    dependencies(file) {
      const module = cache.module(file);
      return module ? reachable(module, () => false).flatMap((each) => (each.file === file ? [] : [each.file])) : [];
    },
  };
}

function fixpoint(evaluations: readonly Evaluation[], of: DurabilityOf): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const each of evaluations) if (each.step(of)) changed = true;
  }
}

/** The modules that `module` imports directly. */
function followed(module: Module): Module[] {
  const found = new Map<string, Module>();
  for (const from of [...module.summary.imports, ...module.summary.stars]) {
    const target = module.follow(from);
    if (target) found.set(target.file, target);
  }
  return [...found.values()];
}

/** `start` and all it imports, directly and indirectly; not what `skip` says, and nothing through what `ends` says. */
function reachable(
  start: Module,
  skip: (module: Module) => boolean,
  ends: (module: Module) => boolean = () => false,
): Module[] {
  const found = new Map<string, Module>();
  const queue = [start];
  for (let module = queue.pop(); module; module = queue.pop()) {
    if (found.has(module.file) || skip(module)) continue;
    found.set(module.file, module);
    if (!ends(module)) queue.push(...followed(module));
  }
  return [...found.values()];
}
