import type { ModuleInfo } from "@perdure/protocol";
import { processWide } from "../process-wide.ts";
import { moduleKey, modules } from "./registry.ts";

/** A class in a variable: its name, and how to read it. */
export type ReadClass = readonly [name: string, read: () => unknown];

interface Unread {
  readonly stored: string;
  readonly read: () => unknown;
  /** Whether it is a class of a project file, not of a package. */
  readonly isOwn: boolean;
}

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
  /** The classes that functions declare: those of each activation. */
  local: new WeakMap<object, Map<string, ErrorClass>>(),
  localNames: new WeakMap<object, string>(),
  /** Classes that have not been read yet. A module is evaluated after it is registered. */
  unread: [] as Unread[],
  shared: new WeakSet<object>(),
}));

/**
 * Registers the classes in variables of a module, before the module itself. A name with `#` is that of a class of a package, or of another
 * file if it begins with `./`.
 */
export function registerClasses(info: ModuleInfo, classes: readonly ReadClass[]): void {
  const module = moduleKey(info);
  if (modules.has(module)) {
    readClasses();
    for (const name of slots.classes.keys()) if (name.startsWith(`${module}#`)) slots.stale.add(name);
  }
  for (const [name, read] of classes) {
    const isOwn = !name.includes("#") || name.startsWith("./");
    const stored = name.startsWith("./") ? moduleKey({ ...info, file: name.slice(2) }) : storedName(module, name);
    slots.unread.push({ stored: isOwn ? stored : name, read, isOwn });
  }
}

/**
 * Registers a class that a module declares. Does nothing for a class whose instances are no errors.
 *
 * @param activation - where a function has declared the class in a run; "none" outside of runs; undefined for a class of the module itself
 */
export function registerClass(module: string, name: string, type: object, activation?: object | "none"): void {
  if (!isErrorClass(type)) return;
  const stored = storedName(module, name);
  if (activation === undefined) return enter(stored, type, true);
  slots.localNames.set(type.prototype, stored);
  if (activation === "none") return;
  const classes = slots.local.get(activation) ?? new Map<string, ErrorClass>();
  slots.local.set(activation, classes.set(stored, type));
}

/** The stored name of the class with this prototype: `src/orders.ts#Declined`, `axios#AxiosError`. */
export function errorClassName(prototype: object): string | undefined {
  readClasses();
  return slots.names.get(prototype) ?? slots.localNames.get(prototype);
}

/**
 * The prototype of the class with this stored name. A class that was moved to another file is found if no other class has its name.
 *
 * @param activations - those whose classes come first, from the inside out
 */
export function errorPrototypeOf(stored: string, activations: Iterable<object> = []): object | undefined {
  readClasses();
  const { local, classes, stale } = slots;
  for (const each of activations) {
    const own = local.get(each)?.get(stored);
    if (own) return own.prototype;
  }
  if (!stale.has(stored) && classes.has(stored)) return classes.get(stored)?.prototype;
  const name = classNameIn(stored);
  if (unnamed.has(name)) return undefined;
  const alike = [...classes].filter(([each]) => classNameIn(each) === name && !stale.has(each));
  const [only, ...others] = new Set(alike.map(([, { prototype }]) => prototype));
  return others.length === 0 ? only : undefined;
}

const storedName = (module: string, name: string): string => `${module}#${name}`;

/** Classes of one name in one module are numbered: `Declined~1`. */
const classNameIn = (stored: string): string => stored.slice(stored.lastIndexOf("#") + 1).replace(/~\d+$/, "");

/** What the compiler calls a class without a name. */
const unnamed: ReadonlySet<string> = new Set(["default", "anonymous"]);

const isErrorClass = (type: object): type is ErrorClass => "prototype" in type && type.prototype instanceof Error;

/** Reads each class once. One that is not initialized yet is tried again the next time. */
function readClasses(): void {
  if (slots.unread.length === 0) return;
  const { unread } = slots;
  slots.unread = [];
  slots.unread = [...unread.filter((each) => !readClass(each)), ...slots.unread];
}

function readClass({ stored, read, isOwn }: Unread): boolean {
  try {
    const type = read();
    if (typeof type === "function" && isErrorClass(type)) enter(stored, type, isOwn);
    return typeof type === "function";
  } catch {
    return false;
  }
}

function enter(stored: string, type: ErrorClass, isOwn: boolean): void {
  const before = slots.classes.get(stored);
  if (!slots.names.has(type.prototype)) slots.names.set(type.prototype, stored);
  if (isOwn && before && before !== type) for (const each of [before, type]) shareInstances(each, stored);
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
