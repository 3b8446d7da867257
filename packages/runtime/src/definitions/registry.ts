import { AsyncLocalStorage } from "node:async_hooks";
import { PerdureError, formatLocation, type FunctionInfo, type ModuleInfo } from "@perdure/protocol";
import type { Renames, WorkflowPlace } from "../renames/renames.ts";
import type { Code } from "./code.ts";
import type { Context } from "../execution/scope.ts";
import type { TaskOptions, WorkflowOptions } from "../config/task-options.ts";
import type { Runtime } from "../process/runtime.ts";
import type { PendingSite } from "../execution/sites.ts";

// A function of any parameters; what it is called with is checked where it is called.
export type AnyFunction = (...args: never[]) => unknown;

/** A task or workflow that the compiler found. */
export interface Definition<I extends FunctionInfo = FunctionInfo> {
  readonly info: I;
  readonly module: ModuleInfo;
  /** The same for every evaluation of the module: what counts the calls of the function. */
  readonly key: string;
  /** The function that other processes find by name; undefined for closures and instance methods. */
  fn?: AnyFunction;
  /** The class or object that has it as its method: what \`this\` is in it. */
  holder?: object | undefined;
  /** Set with `taskOptions` or `workflowOptions`. */
  options?: TaskOptions & WorkflowOptions;
}
export type TaskDefinition = Definition<Extract<FunctionInfo, { kind: "task" }>>;
export type WorkflowDefinition = Definition<Extract<FunctionInfo, { kind: "workflow" }>>;

export const isWorkflow = (definition: Definition | undefined): definition is WorkflowDefinition =>
  definition?.info.kind === "workflow";
export const isTask = (definition: Definition | undefined): definition is TaskDefinition =>
  definition?.info.kind === "task";

/** All that has to be one of a kind in a process, however many copies of this package are loaded. */
export interface Registry {
  readonly context: AsyncLocalStorage<Context>;
  readonly modules: Map<string, ModuleInfo>;
  /** Counts the changes of `modules`. */
  revision: number;
  /** By the workflow's module, with the revision that it was made for. */
  readonly codes: WeakMap<ModuleInfo, { readonly revision: number; readonly code: Code }>;
  readonly definitions: WeakMap<AnyFunction, Definition>;
  /** Workflow name → key of the module → definition. */
  readonly workflows: Map<string, Map<string, WorkflowDefinition>>;
  /** Owners that live in this process. */
  readonly owners: Set<string>;
  runtime: Runtime | undefined;
  /** The durable call that is about to be entered. */
  site: PendingSite | undefined;
  /** Where the copies of this package were loaded from; a copy that is evaluated again is the same one. */
  readonly copies: Set<string>;
}

const NAME = "perdure/registry@";
const key = Symbol.for(`${NAME}1`);
const globals = globalThis as { [key]?: Registry };

export const registry: Registry = (globals[key] ??= {
  context: new AsyncLocalStorage(),
  modules: new Map(),
  revision: 0,
  codes: new WeakMap(),
  definitions: new WeakMap(),
  workflows: new Map(),
  owners: new Set(),
  runtime: undefined,
  site: undefined,
  copies: new Set(),
});

registry.copies.add(import.meta.url?.replace(/[?#].*$/, "") ?? "a CommonJS bundle");

// another version keeps another registry: its runs and ours would not know of each other
if (
  Object.getOwnPropertySymbols(globalThis).some((each) => each !== key && each.description?.startsWith(NAME) === true)
) {
  throw new PerdureError("RUNTIME_VERSIONS", { place: [...registry.copies].join(", ") });
}

/** Makes the module known in place of its earlier self, with all that this had and the module has no more. */
export function register(module: ModuleInfo, definitions: readonly Definition[]): void {
  const key = moduleKey(module);
  registry.modules.set(key, module);
  registry.revision++;
  for (const [name, files] of registry.workflows)
    if (files.delete(key) && files.size === 0) registry.workflows.delete(name);
  for (const definition of definitions) {
    if (!isWorkflow(definition) || !definition.info.recoverable) continue;
    const { name } = definition.info;
    const files = registry.workflows.get(name) ?? new Map<string, WorkflowDefinition>();
    registry.workflows.set(name, files.set(key, definition));
  }
}

/** What a module is known under, whenever it is evaluated. */
export const moduleKey = ({ file, package: name }: Pick<ModuleInfo, "file" | "package">): string =>
  name === undefined ? file : `${name} ${file}`;

/** Its module was evaluated again, and the newer one is known by the workflow's name. */
export const isSuperseded = ({ module, info }: WorkflowDefinition): boolean =>
  info.recoverable && registry.modules.get(moduleKey(module)) !== module;

export const locationOf = ({ module, info }: Definition): string => formatLocation(module.file, info.at);

/** The workflow that a run belongs to, or undefined where this program does not have it. */
export function findWorkflow(recorded: WorkflowPlace, renames: Renames): WorkflowDefinition | undefined {
  const renamed = renames.workflowsOf(recorded);
  const places = [recorded, ...renamed];
  for (const { name, file } of places) {
    const [exact, ...others] = candidates(name).filter(({ module }) => module.file === file);
    if (others.length > 0) throw ambiguous(name, file);
    if (exact) return exact;
  }
  // the file was moved or renamed; but where it was said which file it is now, no other one will do
  const last = renamed.findLastIndex(({ declared }) => declared);
  for (const { name, file } of places.slice(last === -1 ? 0 : last + 2)) {
    const [found, ...others] = candidates(name);
    if (others.length > 0) throw ambiguous(name, file);
    if (found) return found;
  }
  return undefined;
}

const candidates = (name: string): WorkflowDefinition[] => [...(registry.workflows.get(name)?.values() ?? [])];

const ambiguous = (workflow: string, file: string): PerdureError =>
  new PerdureError("WORKFLOW_AMBIGUOUS", {
    workflow,
    file,
    files: [...(registry.workflows.get(workflow)?.keys() ?? [])].sort(),
  });

/** Whether a run that was recorded for `recorded` is one of this workflow. */
export const isRunOf = (recorded: WorkflowPlace, { info, module }: WorkflowDefinition, renames: Renames): boolean =>
  recorded.name === info.name ||
  renames
    .workflowsOf(recorded)
    .some(({ name, file, declared }) => name === info.name && (!declared || file === module.file));

/** The definition of a compiled workflow. */
export function workflowOf(fn: AnyFunction): WorkflowDefinition {
  const definition = registry.definitions.get(fn);
  if (isWorkflow(definition)) return definition;
  if (definition)
    throw new PerdureError("NOT_A_WORKFLOW", { name: definition.info.name, location: locationOf(definition) });
  throw new PerdureError("NOT_COMPILED", {
    name: fn.name || "(anonymous)",
    directive: /["']use (?:workflow|task)\b/.test(String(fn)),
  });
}

/**
 * What is renamed must not be there any more: a call of it could not be told from one that was recorded before.
 * @throws PerdureError `RENAME_IN_USE`
 */
export function assertUnused(renames: Renames): Renames {
  for (const rule of renames.rules) {
    const found =
      rule.kind === "path" ? undefined : definitionOf(typeof rule.old === "string" ? { name: rule.old } : rule.old);
    if (found) throw new PerdureError("RENAME_IN_USE", { rename: [rule.from, rule.to], location: found });
  }
  return renames;
}

/** Where a loaded module defines a task or workflow of that name. */
function definitionOf({ name, file }: { readonly name: string; readonly file?: string }): string | undefined {
  for (const module of registry.modules.values()) {
    const info = module.functions.find((fn) => fn.name === name && fn.kind !== "helper");
    if (info && (file === undefined || file === module.file)) return formatLocation(module.file, info.at);
  }
  return undefined;
}

/** Whether any loaded module calls, or passes on, a durable function of this name. */
export function isMentioned(name: string): boolean {
  for (const { sites } of registry.modules.values()) if (sites.some(([mentioned]) => mentioned === name)) return true;
  return false;
}
