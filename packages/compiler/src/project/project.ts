import type { DirectiveWords } from "../directives/directive.ts";
import { projectPath } from "../files/paths.ts";
import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { BundlerImports } from "./bundler-imports.ts";
import { chanceIn } from "./chance.ts";
import { errorClassesIn, testedClassesIn } from "./error-classes.ts";
import { Evaluation, type DurabilityOf } from "./durability.ts";
import { importedCalls, withPackage, type ImportedCall } from "./elsewhere.ts";
import { followedCalls, type FollowedCall } from "./followed.ts";
import { directImports, durableImports, reachable } from "./links/graph.ts";
import type { Host } from "./host.ts";
import { Packages } from "./packages.ts";
import { ModuleCache, ProjectModule } from "./modules.ts";
import { impuritiesOf } from "./purity.ts";
import { notFollowed, type Edges, type Unfollowed } from "./not-followed.ts";
import type { BundlerResolve } from "./links/resolve.ts";
import { fixpoint, Settlement } from "./settlement.ts";
import { WorkflowModules } from "./workflow-modules.ts";

/** Everything known about a project. Module summaries are computed when they are first needed and then cached. */
export interface Project {
  analyze(file: string, source: string, summary: ModuleSummary): Analysis;
  /** Follows the imports that only the bundler can resolve, in the module and in all workflows. Call it before `analyze`. */
  follow(file: string, source: string, resolve: BundlerResolve): Promise<void>;
  /** The imports of a build that lead from a workflow's code to code that matters there, and that are not followed. */
  notFollowed(edges: Edges): Unfollowed[];
  /** Call it when the file has changed. */
  invalidate(path: string): void;
  /** Call it when any file may have changed. Each file is then read again on its next use, and parsed again if it differs. */
  refresh(): void;
  /** A text that changes whenever other files change the analysis of `file`. */
  signature(file: string): string;
  /** The uses of durable functions that `file` imports. */
  importedCalls(file: string): ImportedCall[];
  /** The file that an import in `file` resolves to, if the project follows it. */
  resolve(specifier: string, file: string): string | undefined;
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
  const workflows = new WorkflowModules(cache, host, words, root);
  const settlement = new Settlement(workflows);
  const byBundler = new BundlerImports(cache);
  const place = (file: string): string => projectPath(root(), file);
  let settledAt = cache.version;
  const settle = (): void => {
    settlement.clear();
    workflows.clear();
  };
  const forget = (path?: string): void => {
    cache.stale(path);
    byBundler.clear();
    settle();
  };

  return {
    analyze(file, source, summary) {
      const module = cache.matching(file, source, summary) ?? new ProjectModule(file, source, summary, cache);
      for (const each of directImports(module)) settlement.settle(each);
      // the module is evaluated again, because `source` may differ from the text on disk that other modules see
      const evaluation = new Evaluation(module);
      const of: DurabilityOf = (path) => (path === file ? evaluation.result : settlement.durabilityOf(path));
      fixpoint([evaluation], of);
      const touched = settlement.isTouched(evaluation, of);
      return {
        durable: evaluation.result.durable,
        targets: evaluation.targets(of).map((each) => withPackage(each, module, packages)),
        chance: chanceIn(module),
        impurities: impuritiesOf(module, place),
        errorClasses: errorClassesIn(module),
        testedClasses: testedClassesIn(module),
        touched,
        ...(touched ? settlement.importsOf(module) : { imports: [], plain: "" }),
      };
    },
    signature(file) {
      const module = cache.module(file);
      const source = cache.source(file);
      return module && source !== undefined ? JSON.stringify(this.analyze(file, source, module.summary)) : "";
    },
    async follow(file, source, resolve) {
      const module = cache.given(file, source);
      await byBundler.follow(new Set([...(module ? [module] : []), ...workflows.starts()]), resolve);
      if (settledAt !== cache.version) settle();
      settledAt = cache.version;
    },
    notFollowed: (edges) => notFollowed(edges, cache, workflows),
    importedCalls(file) {
      const module = cache.module(file);
      if (!module) return [];
      for (const each of directImports(module)) settlement.settle(each);
      return importedCalls(module, (path, index) => settlement.durabilityOf(path)?.strong[index] === true);
    },
    resolve: (specifier, file) => cache.resolve(specifier, file),
    otherPackage: (file, than) => (packages.isSame(file, than) ? undefined : (packages.nameOf(file) ?? file)),
    invalidate: (path) => forget(path),
    refresh: () => forget(),
    imports(file) {
      const module = cache.module(file);
      return module ? directImports(module).map((each) => each.file) : [];
    },
    followed(file) {
      const module = cache.module(file);
      const source = cache.source(file);
      if (!module || source === undefined) return { imports: new Map(), calls: [] };
      const imports = new Map(module.summary.imports.map((from) => [from, module.follow(from)?.file]));
      return { imports, calls: followedCalls(module, this.analyze(file, source, module.summary)) };
    },
    durableImports(file) {
      const module = cache.module(file);
      return module ? durableImports(module, cache.source(file) ?? "").map((each) => each.file) : [];
    },
    dependencies(file) {
      const module = cache.module(file);
      return module ? reachable(module, () => false).flatMap((each) => (each.file === file ? [] : [each.file])) : [];
    },
  };
}
