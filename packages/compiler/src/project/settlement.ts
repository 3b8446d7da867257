import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import { combineHashes } from "../syntax/hash.ts";
import { hasChance } from "./chance.ts";
import { hasErrorClasses } from "./error-classes.ts";
import { Evaluation, type DurabilityOf } from "./durability.ts";
import { directImports, reachable } from "./links/graph.ts";
import type { Module } from "./links/link.ts";
import type { WorkflowModules } from "./workflow-modules.ts";

interface Final {
  readonly evaluation: Evaluation;
  readonly imports: readonly Module[];
  /** Whether it has something to rewrite if a workflow's module imports it. Found when it is first asked for. */
  matters: boolean | undefined;
}

/**
 * The durability of a project's modules. The result of a module is final once the module has been evaluated together with everything that
 * it imports.
 */
export class Settlement {
  private readonly finals = new Map<string, Final>();
  private readonly workflows: WorkflowModules;
  /** How many modules have been evaluated. */
  evaluated = 0;

  constructor(workflows: WorkflowModules) {
    this.workflows = workflows;
  }

  readonly durabilityOf: DurabilityOf = (file) => this.finals.get(file)?.evaluation.result;

  clear(): void {
    this.finals.clear();
  }

  /** Forgets a module and all that import it, directly or indirectly. Answers with their paths. */
  forget(file: string): Set<string> {
    const importers = new Map<string, string[]>();
    for (const [path, { imports }] of this.finals)
      for (const each of imports) importers.set(each.file, [...(importers.get(each.file) ?? []), path]);
    const found = new Set([file]);
    for (const each of found) for (const next of importers.get(each) ?? []) found.add(next);
    for (const each of found) this.finals.delete(each);
    return found;
  }

  /** Evaluates a module together with everything that it imports. */
  settle(start: Module): Evaluation {
    const before = this.finals.get(start.file);
    if (before) return before.evaluation;
    const open = reachable(start, (module) => this.finals.has(module.file)).map((module) => new Evaluation(module));
    this.evaluated += open.length;
    const pending = new Map(open.map((each) => [each.module.file, each]));
    const of: DurabilityOf = (file) => pending.get(file)?.result ?? this.durabilityOf(file);
    fixpoint(open, of);
    for (const evaluation of open)
      this.finals.set(evaluation.module.file, {
        evaluation,
        imports: directImports(evaluation.module),
        matters: undefined,
      });
    return pending.get(start.file) ?? new Evaluation(start);
  }

  /** Whether the module contains anything to rewrite. */
  isTouched(evaluation: Evaluation, of: DurabilityOf): boolean {
    if (evaluation.result.durable.includes(true) || evaluation.hasTopLevelCall(of)) return true;
    const { module } = evaluation;
    return this.workflows.has(module.file) && this.matters(module);
  }

  private matters(module: Module): boolean {
    const final = this.finals.get(module.file);
    if (final?.evaluation.module !== module) return matters(module);
    return (final.matters ??= matters(module));
  }

  /** The rewritten modules that a module imports, directly or through unchanged modules, and the hash of those unchanged modules. */
  importsOf(module: Module): Pick<Analysis, "imports" | "plain"> {
    const isRewritten = ({ file }: Module): boolean => {
      const final = this.finals.get(file);
      return final !== undefined && this.isTouched(final.evaluation, this.durabilityOf);
    };
    const through = new Set(
      directImports(module).flatMap((each) => reachable(each, (next) => next.file === module.file, isRewritten)),
    );
    const [rewritten, plain] = [[...through].filter(isRewritten), [...through].filter((each) => !isRewritten(each))];
    return { imports: rewritten.map(({ file }) => file), plain: combineHashes(plain.map(({ hash }) => hash)) };
  }
}

/** Whether a module without durable functions has something to rewrite, if a workflow's module imports it. */
const matters = (module: Module): boolean => hasChance(module) || module.summary.hasCleanUp || hasErrorClasses(module);

export function fixpoint(evaluations: readonly Evaluation[], of: DurabilityOf): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const each of evaluations) if (each.step(of)) changed = true;
  }
}
