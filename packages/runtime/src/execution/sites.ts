import { formatLocation, PerdureError, type ModuleInfo, type SiteInfo } from "@perdure/protocol";
import type { AnyFunction } from "../definitions/definition.ts";
import { methodOf } from "../definitions/method.ts";
import { definitionOf, moduleKey, modules } from "../definitions/registry.ts";
import * as types from "node:util/types";
import { processWide } from "../process-wide.ts";
import { context } from "./current.ts";
import type { RunInMemory } from "./step.ts";

/**
 * The site of the durable call that is about to be entered. Emitted code sets it after the last argument, so no other code runs
 * between this and the call. A call that turns out not to be durable leaves the site behind; its name then does not match.
 */
interface PendingSite {
  readonly module: ModuleInfo;
  readonly site: number;
  /** The run that calls, if the function certainly is a task, workflow or helper of another module: it then takes the site at once. */
  readonly caller?: RunInMemory | undefined;
  readonly callee?: AnyFunction;
}

const pending = processWide<{ site: PendingSite | undefined }>("site", () => ({ site: undefined }));

const nothing: [] = [];

export function setSite(module: ModuleInfo, site: number): [] {
  const before = pending.site;
  if (before?.caller) {
    pending.site = undefined;
    leftBehind(before);
  }
  pending.site = { module, site };
  return nothing;
}

/**
 * The same for a call of a function that another module defines.
 *
 * @param callee - the function, or with `key` the object whose method it may be; `null`: the function is passed on, and may be called later
 * @throws PerdureError `CALLEE_NOT_COMPILED` if that module was not compiled. It has stopped the run then, and is thrown so that the function does
 *   not run: its work would not be recorded
 */
export function setSiteOf(module: ModuleInfo, site: number, callee: unknown, key?: string | null): [] {
  if (key !== null) setSite(module, site);
  const current = context.getStore();
  if (current === undefined || current.kind === "launch") return nothing;
  const fn = key === undefined || key === null ? callee : types.isProxy(callee) ? undefined : methodOf(callee, key);
  if (!isFunction(fn) || definitionOf(fn)) return nothing;
  const { execution } = current;
  const call = { module, site, caller: execution, callee: fn };
  const error = stopped.get(execution) ?? (holdsDirective(fn) && !isHelper(call) ? refuse(call) : undefined);
  if (error) {
    pending.site = undefined;
    throw error;
  }
  // a method may be another one that happens to have the name, or that of a subclass
  if (key === undefined) pending.site = call;
  return nothing;
}

/** Location of the call of `name`, when it came from a site that the compiler saw. */
export function takeSite(name: string): string | undefined {
  const { site } = pending;
  if (!site) return undefined;
  pending.site = undefined;
  const info = site.module.sites[site.site];
  if (info && info[0] === name) return locationOfSite(site.module, info);
  if (site.caller) leftBehind(site);
  return undefined;
}

const locations = new WeakMap<SiteInfo, string>();

/** A loop calls from one site many times. */
function locationOfSite({ file }: ModuleInfo, site: SiteInfo): string {
  const known = locations.get(site);
  if (known !== undefined) return known;
  const location = formatLocation(file, [site[1], site[2]]);
  locations.set(site, location);
  return location;
}

/** A helper was entered outside of the scopes of runs, where nobody asks for its site. */
export function dropSite(): void {
  pending.site = undefined;
}

/** Stops the run if its latest call has not reached the runtime, though it must have. */
export function checkLatestCall(of: object): void {
  const { site } = pending;
  if (site?.caller !== of || !site) return;
  pending.site = undefined;
  leftBehind(site);
}

/** The runs that were stopped since they called functions that are not compiled. They call no other one: its work would not be recorded. */
const stopped = processWide("stopped", () => new WeakMap<object, PerdureError>());

/** @throws PerdureError `CALLEE_NOT_COMPILED` in the run that has made the call */
function leftBehind(call: PendingSite): void {
  if (isHelper(call)) return; // its module is compiled: the call has thrown before the body, or the function is a substitute
  const error = refuse(call);
  const current = context.getStore();
  if (current !== undefined && current.kind !== "launch" && current.execution === call.caller) throw error;
}

function refuse({ module, site, caller, callee }: PendingSite): PerdureError | undefined {
  const [name, line, column, file = "?", owner] = module.sites[site] ?? ["?", 0, 0];
  if (!caller) return undefined;
  const { id: run, workflow } = caller.run;
  const location = formatLocation(module.file, [line, column]);
  const directive = callee !== undefined && holdsDirective(callee);
  const error = new PerdureError("CALLEE_NOT_COMPILED", {
    name,
    file,
    location,
    run,
    workflow,
    directive,
    package: owner,
  });
  stopped.set(caller, error);
  caller.stop(error);
  return error;
}

/** Whether the loaded module has no task or workflow of that name: the function is a helper of it. */
function isHelper({ module, site }: PendingSite): boolean {
  const [name, , , file] = module.sites[site] ?? [];
  const defining = file === undefined ? undefined : modules.get(moduleKey({ ...module, file }));
  return defining !== undefined && !defining.functions.some((each) => each.name === name && each.kind !== "helper");
}

const texts = processWide("texts", () => new WeakMap<AnyFunction, boolean>());

/** Whether the text of a function holds a directive. Compiled code has none left. */
function holdsDirective(fn: AnyFunction): boolean {
  const known = texts.get(fn);
  if (known !== undefined) return known;
  const holds = /["']use (?:workflow|task)\b/.test(String(fn));
  texts.set(fn, holds);
  return holds;
}

const isFunction = (value: unknown): value is AnyFunction => typeof value === "function";
