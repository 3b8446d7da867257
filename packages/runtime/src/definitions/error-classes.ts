import { processWide } from "../process-wide.ts";
import { modules } from "./registry.ts";

/** A class that a module tests for with `instanceof`: its stored name, and how to read it. */
export type TestedClass = readonly [name: string, read: () => unknown];

interface ErrorClass {
  readonly prototype: Error;
  [Symbol.hasInstance](value: unknown): boolean;
}

const slots = processWide("errorClasses", () => ({
  /** The classes that modules declare or test for, by stored name. */
  classes: new Map<string, ErrorClass>(),
  /** Names from an earlier evaluation of a module that the present one has not registered again. */
  stale: new Set<string>(),
  /** The stored name of the class with this prototype. */
  names: new WeakMap<object, string>(),
  /** The classes that functions declare: those of each run that has called the function. */
  local: new WeakMap<object, Map<string, ErrorClass>>(),
  localNames: new WeakMap<object, string>(),
  /** Tested classes that have not been read yet, by module. A module is evaluated after it is registered. */
  unread: new Map<string, readonly TestedClass[]>(),
  shared: new WeakSet<object>(),
}));

/** Registers the classes that a module tests for, before the module itself. */
export function registerTested(module: string, tested: readonly TestedClass[]): void {
  if (modules.has(module))
    for (const name of slots.classes.keys()) if (name.startsWith(`${module}#`)) slots.stale.add(name);
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
  if (!isErrorClass(type)) return;
  const stored = storedName(module, name);
  if (within === undefined) {
    const before = slots.classes.get(stored);
    enter(stored, type);
    if (before && before !== type) for (const each of [before, type]) shareInstances(each, stored);
    return;
  }
  slots.localNames.set(type.prototype, stored);
  if (within === "nowhere") return;
  const classes = slots.local.get(within) ?? new Map<string, ErrorClass>();
  slots.local.set(within, classes.set(stored, type));
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
  const { local, classes, stale } = slots;
  const exact = (run && local.get(run)?.get(stored)) ?? (stale.has(stored) ? undefined : classes.get(stored));
  if (exact) return exact.prototype;
  const name = classNameIn(stored);
  const alike = [...classes].filter(([each]) => classNameIn(each) === name && !stale.has(each));
  const [only, ...others] = new Set(alike.map(([, { prototype }]) => prototype));
  return others.length === 0 ? only : undefined;
}

const storedName = (module: string, name: string): string => `${module}#${name}`;

/** Classes of one name in one module are numbered: `Declined~1`. */
const classNameIn = (stored: string): string => stored.slice(stored.lastIndexOf("#") + 1).replace(/~\d+$/, "");

const isErrorClass = (type: object): type is ErrorClass => "prototype" in type && type.prototype instanceof Error;

function enter(stored: string, type: ErrorClass): void {
  if (!slots.names.has(type.prototype)) slots.names.set(type.prototype, stored);
  slots.classes.set(stored, type);
  slots.stale.delete(stored);
}

/** A module that is evaluated twice (in two bundles, or reloaded) has two classes. Each then counts the instances of both as its own. */
function shareInstances(type: ErrorClass, stored: string): void {
  if (slots.shared.has(type) || !Object.isExtensible(type)) return;
  slots.shared.add(type);
  const own = type[Symbol.hasInstance];
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return own.call(this as ErrorClass, value) || (this === type && isOfClass(value, stored));
    },
    configurable: true,
  });
}

function isOfClass(value: unknown, stored: string): boolean {
  for (let each = value; typeof each === "object" && each !== null; each = Object.getPrototypeOf(each))
    if (slots.names.get(each) === stored) return true;
  return false;
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
    if (typeof type === "function" && isErrorClass(type)) enter(name, type);
    return typeof type === "function";
  } catch {
    return false;
  }
}
