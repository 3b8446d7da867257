import type { DirectiveWords } from "../directives/directive.ts";
import { projectPath } from "../files/paths.ts";
import { mayHoldDirective } from "../phases/1-parse/directives.ts";
import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import type { ModuleSummary } from "../phases/2-analyze/model/summary.ts";
import { combineHashes } from "../syntax/hash.ts";
import { chanceIn, hasChance } from "./chance.ts";
import { Evaluation, type Durability, type DurabilityOf } from "./durability.ts";
import { followed, reachable } from "./graph.ts";
import type { Host } from "./host.ts";
import type { Module } from "./link.ts";
import { ModuleCache, ProjectModule } from "./modules.ts";
import { impuritiesOf } from "./purity.ts";

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

interface Final {
  readonly durability: Durability;
  readonly touched: boolean;
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
