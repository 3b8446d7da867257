import { formatLocation, PerdureError, type ModuleInfo } from "@perdure/protocol";
import { processWide } from "../process-wide.ts";
import { isWorkflow, type AnyFunction, type Definition, type WorkflowDefinition } from "./definition.ts";

/** The compiled modules that are loaded, by `moduleKey`. */
export const modules = processWide("modules", () => new Map<string, ModuleInfo>());
/** Counts the changes of `modules`. */
export const revision = processWide("revision", () => ({ count: 0 }));
const definitions = processWide("definitions", () => new WeakMap<AnyFunction, Definition>());
/** Recoverable workflows: name → key of the module → definition. */
export const workflows = processWide("workflows", () => new Map<string, Map<string, WorkflowDefinition>>());

/** Called after each registration of a module. */
export const listeners = processWide("listeners", () => new Set<() => void>());

/** The key of a module, the same whenever the module is evaluated. */
export const moduleKey = ({ file, package: name }: Pick<ModuleInfo, "file" | "package">): string =>
  name === undefined ? file : `${name} ${file}`;

/** Registers the module. An earlier evaluation of it is replaced whole: a workflow that the module no longer has is gone. */
export function register(module: ModuleInfo, found: readonly Definition[]): void {
  const key = moduleKey(module);
  modules.set(key, module);
  revision.count++;
  for (const [name, files] of workflows) if (files.delete(key) && files.size === 0) workflows.delete(name);
  for (const definition of found) {
    if (!isWorkflow(definition) || !definition.info.recoverable) continue;
    const { name } = definition.info;
    const files = workflows.get(name) ?? new Map<string, WorkflowDefinition>();
    workflows.set(name, files.set(key, definition));
  }
  for (const registered of listeners) registered();
}

/** What tells a function object from others with the same definition. */
const selves = processWide("selves", () => new WeakMap<AnyFunction, object>());
/** The definitions of single function objects that have options of their own, by that and the common definition. */
const ownDefinitions = processWide("own-definitions", () => new WeakMap<object, Map<Definition, Definition>>());

/**
 * Ties a function object to its definition.
 * @param self - tells it from others with the same definition; undefined where that is not possible
 */
export function define(
  fn: AnyFunction,
  definition: Definition,
  holder: object | undefined,
  self?: object | undefined,
): void {
  definitions.set(fn, definition);
  if (self) selves.set(fn, self);
  if (isWorkflow(definition) && definition.info.recoverable) Object.assign(definition, { fn, holder });
}

export const selfOf = (fn: AnyFunction): object | undefined => selves.get(fn);

export function definitionOf(fn: AnyFunction): Definition | undefined {
  const definition = definitions.get(fn);
  return definition && ownDefinition(definition, selves.get(fn));
}

/** The definition of the function object that `self` belongs to. */
export const ownDefinition = <D extends Definition>(definition: D, self: object | undefined): D =>
  ((self && ownDefinitions.get(self)?.get(definition)) ?? definition) as D;

/**
 * Sets options of this function object, and of no other with the same definition.
 * @throws PerdureError `OPTIONS_SHARED` if it cannot be told from another one that has options
 */
export function setOptions(fn: AnyFunction, options: NonNullable<Definition["options"]>): void {
  const definition = definitions.get(fn);
  if (!definition) return;
  const self = selves.get(fn);
  if (!self && definition.optionsOf !== undefined && definition.optionsOf !== fn) {
    const { info, module } = definition;
    throw new PerdureError("OPTIONS_SHARED", { name: info.name, location: formatLocation(module.file, info.at) });
  }
  const own = self ? { ...ownDefinition(definition, self) } : definition;
  Object.assign(own, { options: { ...own.options, ...options }, optionsOf: fn });
  if (self) ownDefinitions.set(self, (ownDefinitions.get(self) ?? new Map()).set(definition, own));
}

/** The recoverable workflows of this name, one a module. */
export const workflowsNamed = (name: string): WorkflowDefinition[] => [...(workflows.get(name)?.values() ?? [])];

/** Names of the recoverable workflows of all loaded modules. */
export const workflowNames = (): string[] => [...workflows.keys()];

/** Whether its module was evaluated again, so that the workflow's name leads to the newer definition. */
export const isSuperseded = ({ module, info }: WorkflowDefinition): boolean =>
  info.recoverable && modules.get(moduleKey(module)) !== module;

/** The location at which a loaded module defines a task or workflow of that name. */
export function locationOfName({ name, file }: { readonly name: string; readonly file?: string }): string | undefined {
  for (const module of modules.values()) {
    const info = module.functions.find((fn) => fn.name === name && fn.kind !== "helper");
    if (info && (file === undefined || file === module.file)) return formatLocation(module.file, info.at);
  }
  return undefined;
}

/** The key of a function of a module. Functions of one name are numbered in their order. */
export function keyOf({ file, functions }: ModuleInfo, index: number): string {
  const name = functions[index]?.name;
  return `${file}#${name}~${functions.slice(0, index).filter((fn) => fn.name === name).length}`;
}

/** Whether a loaded module has the function with this key. */
export function isDefined(key: string): boolean {
  for (const module of modules.values()) if (module.functions.some((_, i) => keyOf(module, i) === key)) return true;
  return false;
}

/** Whether any loaded module calls, or passes on, a durable function of this name. */
export function isCalledAnywhere(name: string): boolean {
  for (const { sites } of modules.values()) if (sites.some(([called]) => called === name)) return true;
  return false;
}
