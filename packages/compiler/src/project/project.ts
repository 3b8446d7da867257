import type { DirectiveWords } from "../directives/directive.ts";
import { projectPath } from "../files/paths.ts";
import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { chanceIn } from "./chance.ts";
import { Evaluation, type DurabilityOf } from "./durability.ts";
import { followed, reachable } from "./graph.ts";
import type { Host } from "./host.ts";
import { ModuleCache, ProjectModule } from "./modules.ts";
import { impuritiesOf } from "./purity.ts";
import { fixpoint, Settlement } from "./settlement.ts";
import { WorkflowModules } from "./workflow-modules.ts";

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

/** @param root - directory that paths in messages start from, and that all scripts of the project are in */
export function createProject(host: Host, words: DirectiveWords, root: () => string): Project {
  const cache = new ModuleCache(host, words);
  const workflows = new WorkflowModules(cache, host, words, root);
  const settlement = new Settlement(workflows);
  const place = (file: string): string => projectPath(root(), file);
  const forget = (path?: string): void => {
    cache.stale(path);
    settlement.clear();
    workflows.clear();
  };

  return {
    analyze(file, source, summary) {
      const module = cache.matching(file, source, summary) ?? new ProjectModule(file, source, summary, cache);
      for (const each of followed(module)) settlement.settle(each);
      // the module itself is evaluated once more: its text may differ from what the others see on disk
      const evaluation = new Evaluation(module);
      const of: DurabilityOf = (path) => (path === file ? evaluation.result : settlement.durabilityOf(path));
      fixpoint([evaluation], of);
      const touched = settlement.isTouched(evaluation, of);
      return {
        durable: evaluation.result.durable,
        targets: evaluation.targets(of),
        chance: chanceIn(module),
        impurities: impuritiesOf(module, place),
        touched,
        ...(touched ? settlement.importsOf(module) : { imports: [], plain: "" }),
      };
    },
    signature(file) {
      const module = cache.module(file);
      const source = cache.source(file);
      return module && source !== undefined ? JSON.stringify(this.analyze(file, source, module.summary)) : "";
    },
    invalidate: (path) => forget(path),
    refresh: () => forget(),
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
