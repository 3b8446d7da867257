import { processWide } from "../process-wide.ts";
import { modules } from "./registry.ts";

/** A class that a module tests for with `instanceof`: its stored name, and how to read it. */
export type TestedClass = readonly [name: string, read: () => unknown];

const slots = processWide("errorClasses", () => ({
  /** The prototypes of the classes that modules declare or test for, by stored name. */
  prototypes: new Map<string, object>(),
  names: new WeakMap<object, string>(),
  /** The classes that functions declare: one for each run that has called the function. */
  local: new WeakMap<object, Map<string, object>>(),
  localNames: new WeakMap<object, string>(),
  /** Classes that have not been read yet, by module. A module is evaluated after it is registered. */
  unread: new Map<string, readonly TestedClass[]>(),
}));

/** Registers the classes that a module tests for, before the module itself. The classes of an earlier evaluation of the module are forgotten. */
export function registerTested(module: string, tested: readonly TestedClass[]): void {
  if (modules.has(module))
    for (const name of slots.prototypes.keys()) if (name.startsWith(`${module}#`)) slots.prototypes.delete(name);
  slots.unread.set(
    module,
    tested.map(([name, read]) => [name.includes("#") ? name : storedName(module, name), read]),
  );
}

/**
 * Registers a class that a module declares. Does nothing for a class whose instances are no errors.
 *
 * @param within - the run in which a function has declared the class; "nowhere" outside of runs; undefined for a class of the module itself
 */
export function registerDeclared(module: string, name: string, type: object, within?: object | "nowhere"): void {
  const prototype = errorPrototype(type);
  if (!prototype) return;
  const stored = storedName(module, name);
  if (within === undefined) return enter(stored, prototype);
  slots.localNames.set(prototype, stored);
  if (within === "nowhere") return;
  const classes = slots.local.get(within) ?? new Map<string, object>();
  slots.local.set(within, classes.set(stored, prototype));
}

/** The stored name of the class with this prototype: `src/orders.ts#Declined`, `axios#AxiosError`. */
export function errorClassName(prototype: object): string | undefined {
  readTested();
  return slots.names.get(prototype) ?? slots.localNames.get(prototype);
}

/**
 * The prototype of the class with this stored name. A class that was moved to another file is found if no other class has its name.
 *
 * @param run - the run whose own classes come first
 */
export function errorPrototypeOf(stored: string, run?: object): object | undefined {
  readTested();
  const exact = (run && slots.local.get(run)?.get(stored)) ?? slots.prototypes.get(stored);
  if (exact) return exact;
  const name = classNameIn(stored);
  const alike = new Set([...slots.prototypes].flatMap(([each, found]) => (classNameIn(each) === name ? [found] : [])));
  return alike.size === 1 ? [...alike][0] : undefined;
}

const storedName = (module: string, name: string): string => `${module}#${name}`;

/** Classes of one name in one module are numbered: `Declined~1`. */
const classNameIn = (stored: string): string => stored.slice(stored.lastIndexOf("#") + 1).replace(/~\d+$/, "");

function enter(stored: string, prototype: object): void {
  slots.prototypes.set(stored, prototype);
  if (!slots.names.has(prototype)) slots.names.set(prototype, stored);
}

/** Reads each class once. One that is not initialized yet is tried again the next time. */
function readTested(): void {
  for (const [module, tested] of slots.unread) {
    const left = tested.filter(([name, read]) => !readClass(name, read));
    if (left.length > 0) slots.unread.set(module, left);
    else slots.unread.delete(module);
  }
}

function readClass(name: string, read: () => unknown): boolean {
  try {
    const type = read();
    if (typeof type !== "function") return false;
    const prototype = errorPrototype(type);
    if (prototype) enter(name, prototype);
    return true;
  } catch {
    return false;
  }
}

function errorPrototype(type: object): object | undefined {
  const { prototype } = type as { readonly prototype?: unknown };
  return prototype instanceof Error ? prototype : undefined;
}
