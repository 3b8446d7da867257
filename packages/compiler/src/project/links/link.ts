import type { Position } from "@perdure/protocol";
import { isBuiltin } from "node:module";
import { COMPUTED, SPREAD, type ModuleSummary } from "../../phases/2-analyze/model/summary.ts";
import type { Value } from "../../phases/2-analyze/model/value.ts";

/** A module whose imports can be followed. */
export interface Module {
  readonly file: string;
  readonly summary: ModuleSummary;
  /** Hash of its code. */
  readonly hash: string;
  /** The project module that an import resolves to. `undefined` for packages and for modules that are not found. */
  follow(specifier: string): Module | undefined;
  /** 1-based line and column of an offset. */
  locate(offset: number): Position;
}

/** The export of a package from which a value was made: by a call, with `new`, or as a member. */
export interface Origin {
  /** As the import names the package. */
  readonly from: string;
  readonly name: string;
  /** The first argument of `new`. */
  readonly settings?: { readonly value: Value; readonly module: Module } | undefined;
}

/** The meaning of a value after following its imports. */
export type Resolved =
  | { readonly kind: "function"; readonly module: Module; readonly index: number }
  | { readonly kind: "class"; readonly module: Module; readonly index: number }
  | { readonly kind: "instance"; readonly module: Module; readonly index: number }
  | { readonly kind: "object"; readonly module: Module; readonly index: number }
  | { readonly kind: "namespace"; readonly module: Module }
  /** An export of the runtime, or `*` for all of them. */
  | { readonly kind: "runtime"; readonly name: string }
  /** A platform API: `Date.now`, `node:fs.readFile`. Certainly not durable. */
  | { readonly kind: "platform"; readonly path: string }
  | { readonly kind: "choice"; readonly of: readonly Resolved[] }
  /** A value that is certainly not durable. */
  | { readonly kind: "known"; readonly isText?: true; readonly origin?: Origin | undefined }
  | { readonly kind: "unknown"; readonly origin?: Origin | undefined }
  /** A member of an unknown value, or (`open`) of a known value that may have further members. */
  | { readonly kind: "unresolved"; readonly open: boolean; readonly origin?: Origin | undefined };

export const originOf = (resolved: Resolved): Origin | undefined =>
  "origin" in resolved ? resolved.origin : undefined;

const RUNTIME_MODULE = "perdure";

/** The runtime is not part of the project, wherever it is installed. */
export const isRuntime = (specifier: string): boolean =>
  specifier === RUNTIME_MODULE || specifier.startsWith(`${RUNTIME_MODULE}/`) || specifier.startsWith("@perdure/");

/** Operations of the runtime that are steps or make steps. */
export const runtimeSteps: ReadonlySet<string> = new Set(["sleep", "signal", "keyed", "shield", "start"]);

/** Functions of the runtime that return their first argument. */
const passThrough: ReadonlySet<string> = new Set(["taskOptions", "workflowOptions"]);

const runtimeNames: ReadonlySet<string> = new Set([...runtimeSteps, ...passThrough]);

const known: Resolved = { kind: "known" };
const unknown: Resolved = { kind: "unknown" };
const unresolved: Resolved = { kind: "unresolved", open: false };
const open: Resolved = { kind: "unresolved", open: true };

/** Longer chains of aliases and re-exports count as unknown. This also ends cycles. */
const depthLimit = 64;

/** Nested choices grow exponentially, so each costs more depth than an alias. */
const choiceCost = 12;

/** Whether the value certainly contains nothing durable. */
const isForeign = ({ kind }: Resolved): boolean => kind === "known" || kind === "platform";

const builtinPath = (from: string, name: string): string => {
  const module = from.startsWith("node:") ? from : `node:${from}`;
  return name === "*" || name === "default" ? module : `${module}.${name}`;
};

/** The canonical name of a platform API that has several names. */
const canonical = (path: string): string =>
  path
    .replace(/^(?:globalThis|global|self|window)\./, "")
    .replace(/^node:process\b/, "process")
    .replace(/^node:timers\.(?!promises\b)/, "")
    .replace(/^node:perf_hooks\.performance\b/, "performance")
    .replace(/^node:crypto\.webcrypto\b/, "crypto")
    .replace(/^node:crypto\.(?=(?:randomUUID|getRandomValues)\b)/, "crypto.");

const platform = (path: string): Resolved => ({ kind: "platform", path: canonical(path) });

const isPassThrough = (callee: Resolved): boolean => callee.kind === "runtime" && passThrough.has(callee.name);

export const resolveValue = (value: Value, module: Module): Resolved => resolve(value, module, 0);

function resolve(value: Value, module: Module, depth: number): Resolved {
  if (depth > depthLimit) return unknown;
  const next = (inner: Value): Resolved => resolve(inner, module, depth + 1);
  switch (value.kind) {
    case "function":
    case "class":
    case "object":
      return { kind: value.kind, module, index: value.index };
    case "binding":
      return next(module.summary.bindings[value.index] ?? { kind: "unknown" });
    case "import":
      return resolveImport(value.from, value.name, module, depth + 1);
    case "instance": {
      const of = next(value.of);
      if (of.kind === "class") return { ...of, kind: "instance" };
      const origin = originOf(of);
      const settings = value.first && { value: value.first, module };
      return { kind: isForeign(of) ? "known" : "unknown", origin: origin && { ...origin, settings } };
    }
    case "typed": {
      const as = next(value.as);
      return as.kind === "class" ? { ...as, kind: "instance" } : unknown;
    }
    case "member":
      return resolveMember(next(value.object), value.name, depth + 1);
    case "element":
      return isForeign(next(value.object)) ? known : unknown;
    case "super":
      return resolveSuper(next(value.of), depth + 1);
    case "result": {
      const callee = next(value.callee);
      return isPassThrough(callee) ? next(value.first) : { kind: "unknown", origin: originOf(callee) };
    }
    case "exports":
      return { kind: "namespace", module };
    case "choice":
      return { kind: "choice", of: value.values.map((each) => resolve(each, module, depth + choiceCost)) };
    case "global":
      return platform(value.name);
    case "known":
    case "unknown":
      return value;
  }
}

function resolveImport(from: string, name: string, module: Module, depth: number): Resolved {
  if (from === RUNTIME_MODULE) return { kind: "runtime", name };
  if (isBuiltin(from)) return platform(builtinPath(from, name));
  const target = module.follow(from);
  if (!target) return { kind: "known", origin: { from, name } };
  return name === "*" ? { kind: "namespace", module: target } : resolveExport(target, name, depth);
}

function resolveExport(module: Module, name: string, depth: number, seen: Set<Module> = new Set()): Resolved {
  // `export *` can be circular
  if (depth > depthLimit || seen.has(module)) return unknown;
  seen.add(module);
  const { exports, stars } = module.summary;
  const own = exports.get(name);
  if (own) return resolve(own, module, depth + 1);
  const whole = exports.get("module.exports");
  if (whole)
    return name === "default"
      ? resolve(whole, module, depth + 1)
      : resolveMember(resolve(whole, module, depth + 1), name, depth + 1);
  if (name === "default") return unknown;
  for (const from of stars) {
    if (from === RUNTIME_MODULE && runtimeNames.has(name)) return { kind: "runtime", name };
    const target = module.follow(from);
    const found = target && resolveExport(target, name, depth + 1, seen);
    if (found && found.kind !== "unknown") return found;
  }
  return unknown;
}

function resolveMember(object: Resolved, name: string, depth: number): Resolved {
  switch (object.kind) {
    case "known":
      return { kind: "known", origin: object.origin?.name === "*" ? { ...object.origin, name } : object.origin };
    case "platform":
      return platform(`${object.path}.${name}`);
    case "runtime":
      return object.name === "*" ? { kind: "runtime", name } : known;
    case "namespace":
      return resolveExport(object.module, name, depth);
    case "object":
      return objectMember(object, name, depth);
    case "choice":
      return { kind: "choice", of: object.of.map((each) => resolveMember(each, name, depth + choiceCost)) };
    case "class":
    case "instance":
      return classMember(object, name, depth);
    default:
      return { kind: "unresolved", open: false, origin: originOf(object) };
  }
}

function objectMember({ module, index }: Extract<Resolved, { kind: "object" }>, name: string, depth: number): Resolved {
  const members = module.summary.objects[index];
  const member = members?.get(name);
  if (member) return depth > depthLimit ? unknown : resolve(member, module, depth + 1);
  const spread = members?.get(SPREAD);
  const found =
    spread && depth <= depthLimit ? resolveMember(resolve(spread, module, depth + 1), name, depth + 1) : unresolved;
  return found.kind === "unresolved" && members?.has(COMPUTED) ? open : found;
}

type ClassLike = Extract<Resolved, { kind: "class" | "instance" }>;

function classMember(object: ClassLike, name: string, depth: number): Resolved {
  const { module, index, kind } = object;
  const summary = module.summary.classes[index];
  const members = kind === "class" ? summary?.statics : summary?.members;
  const member = members?.get(name);
  if (member) return resolve(member, module, depth + 1);
  const parent = resolveSuper(object, depth + 1);
  const found =
    parent.kind === "class" || parent.kind === "instance" ? resolveMember(parent, name, depth + 1) : unresolved;
  return found.kind === "unresolved" && members?.has(COMPUTED) ? open : found;
}

/** The base class, as a class or an instance like the given value. */
function resolveSuper(object: Resolved, depth: number): Resolved {
  if (object.kind !== "class" && object.kind !== "instance") return unknown;
  const parent = object.module.summary.classes[object.index]?.parent;
  const above = parent ? resolve(parent, object.module, depth + 1) : unknown;
  return above.kind === "class" ? { ...above, kind: object.kind } : unknown;
}
