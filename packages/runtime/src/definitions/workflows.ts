import { PerdureError } from "@perdure/protocol";
import type { Renames, WorkflowPlace } from "../renames/renames.ts";
import { isWorkflow, locationOf, type AnyFunction, type WorkflowDefinition } from "./definition.ts";
import { definitionOf, locationOfName, moduleKey, workflowsNamed } from "./registry.ts";

/**
 * The definition of a compiled workflow.
 * @throws PerdureError `NOT_COMPILED`, `NOT_A_WORKFLOW`
 */
export function workflowOf(fn: AnyFunction): WorkflowDefinition {
  const definition = definitionOf(fn);
  if (isWorkflow(definition)) return definition;
  if (definition)
    throw new PerdureError("NOT_A_WORKFLOW", { name: definition.info.name, location: locationOf(definition) });
  throw new PerdureError("NOT_COMPILED", {
    name: fn.name || "(anonymous)",
    directive: /["']use (?:workflow|task)\b/.test(String(fn)),
  });
}

/** The name of a compiled workflow; undefined for any other function. */
export function workflowNameOf(fn: AnyFunction): string | undefined {
  const definition = definitionOf(fn);
  return isWorkflow(definition) ? definition.info.name : undefined;
}

/**
 * The workflow that a run belongs to; undefined when no loaded module has it.
 * @throws PerdureError `WORKFLOW_AMBIGUOUS`
 */
export function findWorkflow(recorded: WorkflowPlace, renames: Renames): WorkflowDefinition | undefined {
  const renamed = renames.workflowsOf(recorded);
  const places = [recorded, ...renamed];
  for (const { name, file } of places) {
    const [exact, ...others] = workflowsNamed(name).filter(({ module }) => module.file === file);
    if (others.length > 0) throw ambiguous(name, file);
    if (exact) return exact;
  }
  // The file was moved or renamed. Where a rename declares the new file, no other file will do.
  const last = renamed.findLastIndex(({ declared }) => declared);
  for (const { name, file } of places.slice(last === -1 ? 0 : last + 2)) {
    const [found, ...others] = workflowsNamed(name);
    if (others.length > 0) throw ambiguous(name, file);
    if (found) return found;
  }
  return undefined;
}

const ambiguous = (workflow: string, file: string): PerdureError =>
  new PerdureError("WORKFLOW_AMBIGUOUS", {
    workflow,
    file,
    files: workflowsNamed(workflow)
      .map(({ module }) => moduleKey(module))
      .sort(),
  });

/** Whether a run that was recorded for `recorded` is one of this workflow. */
export const isRunOf = (recorded: WorkflowPlace, { info, module }: WorkflowDefinition, renames: Renames): boolean =>
  recorded.name === info.name ||
  renames
    .workflowsOf(recorded)
    .some(({ name, file, declared }) => name === info.name && (!declared || file === module.file));

/**
 * The old name of a rename must be gone from the code: a call of it could not be told from one that was recorded before.
 * @throws PerdureError `RENAME_IN_USE`
 */
export function assertUnused(renames: Renames): void {
  for (const rule of renames.rules) {
    const location =
      rule.kind === "path" ? undefined : locationOfName(typeof rule.old === "string" ? { name: rule.old } : rule.old);
    if (location !== undefined) throw new PerdureError("RENAME_IN_USE", { rename: [rule.from, rule.to], location });
  }
}
