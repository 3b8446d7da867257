import { isDeepStrictEqual } from "node:util";
import type { DirectiveWords } from "../directives/directive.ts";
import type { PackageJson } from "../files/package-json.ts";
import { projectPath } from "../files/paths.ts";
import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { digest } from "../syntax/hash.ts";
import { BundlerImports } from "./bundler-imports.ts";
import { chanceIn } from "./purity/chance.ts";
import { errorClassesIn, testedClassesIn } from "./error-classes.ts";
import { Evaluation, type DurabilityOf } from "./durability.ts";
import { importedCalls, withPackage, type ImportedCall } from "./elsewhere.ts";
import { followedCalls, type FollowedCall } from "./followed.ts";
import { directImports, durableImports } from "./links/graph.ts";
import type { Host } from "./host.ts";
import { Packages } from "./packages.ts";
import { ModuleCache, ProjectModule, type Built } from "./modules.ts";
import { impuritiesOf } from "./purity/impurities.ts";
import { notFollowed, type Edges, type Unfollowed } from "./not-followed.ts";
import type { BundlerResolve } from "./links/resolve.ts";
import { fixpoint, Settlement } from "./settlement.ts";
import { scanOf, type Scan } from "./text/scans.ts";
import { WorkflowModules } from "./workflow-modules.ts";

/** Everything known about a project. Module summaries are computed when they are first needed and then cached. */
export interface Project {
  analyze(file: string, source: string, summary: ModuleSummary): Analysis;
  /** Whether a file without directives has nothing to compile and, private members of error classes aside, nothing to report. */
  isUntouched(file: string, source: string): boolean;
  /** Whether this is the text of the file, as far as it is known. */
  isText(file: string, source: string): boolean;
  /** The syntax tree and model of a file with this text, once, if it has been parsed lately for directives with these words. */
  takeBuilt(id: string, source: string, words: DirectiveWords): Built | undefined;
  /** Follows the imports that only the bundler can resolve, in the module and in all workflows. Call it before `analyze`. */
  follow(file: string, source: string, resolve: BundlerResolve): Promise<void>;
  /** The imports of a build that lead from a workflow's code to code that matters there, and that are not followed. */
  notFollowed(edges: Edges): Unfollowed[];
  /** Call it when the file has changed. */
  invalidate(path: string): void;
  /** Call it when any file may have changed. Each file is then read again on its next use, and parsed again if it differs. */
  refresh(): void;
  /** A text that changes whenever other files change the analysis of `file`. "" if there is nothing to compile in it. */
  signature(file: string): string;
  /** Those of the files whose signature may be another one than at the last call. @param before - the files with their signatures */
  changes(before: ReadonlyMap<string, string>): string[];
  /** The uses of durable functions that `file` imports. */
  importedCalls(file: string): ImportedCall[];
  /** The file that an import in `file` resolves to, if the project follows it. */
  resolve(specifier: string, file: string): string | undefined;
  /** The package.json in a directory. */
  packageJson(directory: string): PackageJson | undefined;
  /** The name of the package that `file` belongs to, if that is another one than the package of `than`. */
  otherPackage(file: string, than: string): string | undefined;
  /** The project files that `file` imports. */
  imports(file: string): string[];
  /** Where the imports and calls of `file` lead: each module that it names, with the path of the project file that this is, if it is one. */
  followed(file: string): Followed;
  /** The project files that `file` imports with declarations, and that lead to directives and not back to it. */
  durableImports(file: string): string[];
  /** The other project files that the analysis of `file` depends on. */
  dependencies(file: string): string[];
}

export interface Followed {
  readonly imports: ReadonlyMap<string, string | undefined>;
  readonly calls: readonly FollowedCall[];
}

/**
 * @param root - the directory that paths in messages are relative to, and whose scripts form the project
 * @param wanted - the names of the packages that belong to the project, too
 */
export function createProject(
  host: Host,
  words: DirectiveWords,
  root: () => string,
  wanted: readonly string[] = [],
): Project {
  const packages = new Packages(host, words, wanted);
  const cache = new ModuleCache(host, words, packages);
  const { scans, texts } = cache;
  const workflows = new WorkflowModules(cache, host, root);
  const mayLead = (file: string): boolean => {
    const known = scans.of(file);
    return known !== undefined && texts.mayLead(file, known);
  };
  const settlement = new Settlement(workflows, mayLead);
  const byBundler = new BundlerImports(cache);
  /** The files whose analysis may be another one than when `changes` was last called. */
  const changed = new Set<string>();
  let anyChanged = false;
  let textsVersion = texts.version;
  const place = (file: string): string => projectPath(root(), file);
  let last: { readonly file: string; readonly source: string; readonly analysis: Analysis } | undefined;
  const forgetDependents = (path: string): void => {
    const dependents = cache.dependents(path);
    settlement.forget(dependents);
    for (const each of dependents) changed.add(each);
  };
  cache.onRelink = (importer) => {
    last = undefined;
    workflows.relinked(importer);
    forgetDependents(importer);
  };
  const forget = (): void => {
    byBundler.clear();
    settlement.clear();
    workflows.clear();
    anyChanged = true;
  };
  const scan = (file: string, source: string): Scan => {
    const known = scans.of(file);
    return known?.source === source ? known : scanOf(file, source, words);
  };
  const mayMatter = (file: string, given: Scan): boolean =>
    texts.mayLead(file, given) || texts.isReached(file, () => workflows.marked());
  const analyze: Project["analyze"] = (file, source, summary) => {
    if (last?.file === file && last.source === source) return last.analysis;
    const known = cache.matching(file, source, summary);
    const module = known ?? new ProjectModule(file, source, summary, cache);
    for (const each of known ? [] : directImports(module)) settlement.settle(each);
    // `source` may differ from the text on disk that other modules see
    const evaluation = known ? settlement.settle(known) : new Evaluation(module);
    const of: DurabilityOf = (path) => (path === file ? evaluation.result : settlement.durabilityOf(path));
    if (!known) fixpoint([evaluation], of);
    const touched = settlement.isTouched(evaluation, of);
    const analysis: Analysis = {
      durable: evaluation.result.durable,
      targets: evaluation.targets(of).map((each) => withPackage(each, module, packages)),
      chance: chanceIn(module),
      impurities: impuritiesOf(module, place),
      errorClasses: errorClassesIn(module),
      testedClasses: testedClassesIn(module),
      touched,
      ...(touched ? settlement.importsOf(module) : { imports: [], plain: "" }),
    };
    last = { file, source, analysis };
    return analysis;
  };

  return {
    analyze,
    isUntouched(file, source) {
      const given = scan(file, source);
      if (given.holds) return false;
      if (!mayMatter(file, given)) return true;
      const module = scans.of(file) === given ? cache.module(file) : undefined;
      return module !== undefined && !analyze(file, source, module.summary).touched;
    },
    isText: (file, source) => scans.known(file)?.source === source,
    takeBuilt: (id, source, by) => (isDeepStrictEqual(by, words) ? cache.take(id, source) : undefined),
    signature(file) {
      const known = scans.of(file);
      const module = known && mayMatter(file, known) ? cache.module(file) : undefined;
      if (!known || !module) return "";
      const analysis = analyze(file, known.source, module.summary);
      return analysis.touched || known.holds ? digest(JSON.stringify(analysis)) : "";
    },
    changes(before) {
      // the imports of a module name those that are rewritten
      for (const each of workflows.takeFlipped())
        for (const dependent of cache.dependents(each)) changed.add(dependent);
      // where an import was added, files may lead to a directive that did not
      const mayLeadNow = textsVersion !== texts.version;
      const isCandidate = (path: string, signature: string): boolean =>
        anyChanged || changed.has(path) || (mayLeadNow && signature === "");
      const found = [...before].flatMap(([path, signature]) => (isCandidate(path, signature) ? [path] : []));
      changed.clear();
      anyChanged = false;
      textsVersion = texts.version;
      return found;
    },
    async follow(file, source, resolve) {
      await byBundler.follow(file, scan(file, source), workflows.starts(), resolve);
    },
    notFollowed: (edges) => notFollowed(edges, cache, workflows),
    importedCalls(file) {
      const module = mayLead(file) ? cache.module(file) : undefined;
      if (!module) return [];
      for (const each of directImports(module)) settlement.settle(each);
      return importedCalls(module, (path, index) => settlement.durabilityOf(path)?.strong[index] === true);
    },
    resolve: (specifier, file) => cache.resolve(specifier, file),
    packageJson: (directory) => packages.in(directory),
    otherPackage: (file, than) => (packages.isSame(file, than) ? undefined : (packages.nameOf(file) ?? file)),
    invalidate(path) {
      last = undefined;
      const before = cache.known(path);
      const change = cache.changed(path);
      if (change === "text") {
        byBundler.clear(path);
        workflows.changed(path, before);
        forgetDependents(path);
      }
      // a build can come upon files that it was not told of
      if (change !== "files" && !workflows.isOutdated()) return;
      cache.forgetResolutions();
      forget();
    },
    refresh() {
      last = undefined;
      cache.changed();
      cache.forgetResolutions();
      forget();
    },
    imports(file) {
      const module = cache.module(file);
      return module ? directImports(module).map((each) => each.file) : [];
    },
    followed(file) {
      const module = cache.module(file);
      const source = cache.source(file);
      if (!module || source === undefined) return { imports: new Map(), calls: [] };
      const imports = new Map(module.summary.imports.map((from) => [from, module.follow(from)?.file]));
      return { imports, calls: followedCalls(module, analyze(file, source, module.summary)) };
    },
    durableImports(file) {
      const module = mayLead(file) ? cache.module(file) : undefined;
      return module ? durableImports(module, cache.source(file) ?? "").map((each) => each.file) : [];
    },
    dependencies: (file) => [...texts.closure(file)].filter((each) => each !== file),
  };
}
