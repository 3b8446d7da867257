import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import { combineHashes } from "../syntax/hash.ts";
import { hasChance } from "./chance.ts";
import { hasErrorClasses } from "./error-classes.ts";
import { Evaluation, type Durability, type DurabilityOf } from "./durability.ts";
import { directImports, reachable } from "./links/graph.ts";
import type { Module } from "./links/link.ts";
import type { WorkflowModules } from "./workflow-modules.ts";

interface Final {
  readonly durability: Durability;
  readonly touched: boolean;
}

/**
 * The durability of a project's modules. The result of a module is final once the module has been evaluated together with everything that
 * it imports.
 */
export class Settlement {
  private readonly finals = new Map<string, Final>();
  private readonly workflows: WorkflowModules;

  constructor(workflows: WorkflowModules) {
    this.workflows = workflows;
  }

  readonly durabilityOf: DurabilityOf = (file) => this.finals.get(file)?.durability;

  clear(): void {
    this.finals.clear();
  }

  /** Evaluates a module together with everything that it imports. */
  settle(start: Module): void {
    if (this.finals.has(start.file)) return;
    const open = reachable(start, (module) => this.finals.has(module.file)).map((module) => new Evaluation(module));
    const pending = new Map(open.map((each) => [each.module.file, each.result]));
    const of: DurabilityOf = (file) => pending.get(file) ?? this.durabilityOf(file);
    fixpoint(open, of);
    for (const each of open)
      this.finals.set(each.module.file, { durability: each.result, touched: this.isTouched(each, of) });
  }

  /** Whether the module contains anything to rewrite. */
  isTouched(evaluation: Evaluation, of: DurabilityOf): boolean {
    return (
      evaluation.result.durable.includes(true) ||
      evaluation.hasTopLevelCall(of) ||
      (matters(evaluation.module) && this.workflows.has(evaluation.module))
    );
  }

  /** The rewritten modules that a module imports, directly or through unchanged modules, and the hash of those unchanged modules. */
  importsOf(module: Module): Pick<Analysis, "imports" | "plain"> {
    const isRewritten = ({ file }: Module): boolean => this.finals.get(file)?.touched === true;
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
