import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import { combineHashes } from "../syntax/hash.ts";
import { hasChance } from "./purity/chance.ts";
import { hasErrorClasses } from "./error-classes.ts";
import { Evaluation, type DurabilityOf } from "./durability.ts";
import { directImports, reachable } from "./links/graph.ts";
import type { Module } from "./links/link.ts";
import type { WorkflowModules } from "./workflow-modules.ts";

/**
 * The durability of a project's modules. The result of a module is final once the module has been evaluated together with everything that
 * it imports.
 */
export class Settlement {
  private readonly finals = new Map<string, Evaluation>();
  /** Whether each module has something to rewrite if a workflow's module imports it. */
  private readonly matters = new Map<string, { readonly module: Module; readonly isSo: boolean }>();
  private readonly workflows: WorkflowModules;
  private readonly mayLead: (file: string) => boolean;

  /** @param mayLead - whether a file may lead to something durable. Of one that does not, nothing can be durable */
  constructor(workflows: WorkflowModules, mayLead: (file: string) => boolean) {
    this.workflows = workflows;
    this.mayLead = mayLead;
  }

  readonly durabilityOf: DurabilityOf = (file) => this.finals.get(file)?.result;

  clear(): void {
    this.finals.clear();
    this.matters.clear();
  }

  forget(files: Iterable<string>): void {
    for (const each of files) {
      this.finals.delete(each);
      this.matters.delete(each);
    }
  }

  /** Evaluates a module together with everything that it imports. */
  settle(start: Module): Evaluation {
    const before = this.finals.get(start.file);
    if (before) return before;
    const isDone = ({ file }: Module): boolean => this.finals.has(file) || (file !== start.file && !this.mayLead(file));
    const open = reachable(start, isDone).map((module) => new Evaluation(module));
    const pending = new Map(open.map((each) => [each.module.file, each]));
    fixpoint(open, (file) => pending.get(file)?.result ?? this.durabilityOf(file));
    for (const [file, each] of pending) this.finals.set(file, each);
    return pending.get(start.file) ?? new Evaluation(start);
  }

  /** Whether the module contains anything to rewrite. */
  isTouched(evaluation: Evaluation, of: DurabilityOf): boolean {
    return (
      evaluation.result.durable.includes(true) || evaluation.hasTopLevelCall(of) || this.isRecorded(evaluation.module)
    );
  }

  /** Whether the module has something to rewrite because a workflow's module imports it. */
  private isRecorded(module: Module): boolean {
    const { file } = module;
    if (!this.workflows.has(file)) return false;
    const known = this.matters.get(file);
    if (known?.module === module) return known.isSo;
    const isSo = matters(module);
    this.matters.set(file, { module, isSo });
    return isSo;
  }

  /** The rewritten modules that a module imports, directly or through unchanged modules, and the hash of those unchanged modules. */
  importsOf(module: Module): Pick<Analysis, "imports" | "plain"> {
    const isRewritten = (each: Module): boolean => {
      const final = this.finals.get(each.file);
      return final ? this.isTouched(final, this.durabilityOf) : this.isRecorded(each);
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
