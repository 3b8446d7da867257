import { formatLocation } from "@perdure/protocol";
import type { Impurity } from "../../phases/2-analyze/model/analysis.ts";
import type { CallSummary, FunctionSummary, ReadSummary } from "../../phases/2-analyze/model/summary.ts";
import { resolveValue, type Module, type Resolved } from "../links/link.ts";
import { makesDurable, providerModelIn } from "./models.ts";
import { impurityOf } from "./platform.ts";

/** A function that a workflow reaches, and the path to it. */
interface Reached {
  readonly module: Module;
  readonly fn: FunctionSummary;
  readonly workflow: FunctionSummary;
  /** The functions between the workflow and this one. */
  readonly through: readonly string[];
  /** The call that leaves the workflow's module. */
  readonly exit: CallSummary | undefined;
}

interface Use {
  readonly kind: Impurity["kind"];
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Finds what the workflows of a module do that does not replay, in the workflow itself or in functions of any project file that it reaches.
 * Each use has the shortest path to it. Uses of one thing in one function share a `group`; behind a call into another module there is one of each group.
 *
 * @param place - turns the path of a module into a path relative to the project's root
 */
export function impuritiesOf(module: Module, place: (file: string) => string): Impurity[] {
  const found: Impurity[] = [];
  const seen = new Set<string>();
  const queue: Reached[] = [];
  const visit = (next: Reached): void => {
    const key = `${next.module.file}\0${next.fn.index}`;
    if (
      seen.has(key) ||
      next.fn.plain ||
      next.fn.kind === "task" ||
      (next.fn.kind === "workflow" && next.fn !== next.workflow)
    )
      return;
    seen.add(key);
    queue.push(next);
  };
  for (const fn of module.summary.functions)
    if (fn.kind === "workflow") visit({ module, fn, workflow: fn, through: [], exit: undefined });
  for (let at = queue.shift(); at; at = queue.shift()) {
    for (const use of usesOf(at)) found.push(impurity(use, at, place));
    for (const next of functionsFrom(at, module, place)) visit(next);
  }
  return found;
}

function impurity(
  { kind, name, start, end }: Use,
  { workflow, through, exit, module, fn }: Reached,
  place: (file: string) => string,
): Impurity {
  const base = { kind, name, workflow: workflow.name, group: `${kind} ${name} ${fn.index} ${module.file}` };
  if (!exit) return { ...base, through, start, end };
  const where = `${name} at ${formatLocation(place(module.file), module.locate(start))}`;
  return { ...base, name: where, through, start: exit.start, end: exit.end };
}

/** The functions that a function calls, passes on or contains, except in tools and models that it makes durable. */
function functionsFrom(at: Reached, start: Module, place: (file: string) => string): Reached[] {
  const { module, fn, workflow, through, exit } = at;
  const { functions, calls } = module.summary;
  const own = calls.filter(({ owner }) => owner === fn.index);
  const durable = own.filter((call) => makesDurable(call, module));
  const isInBody = (offset: number): boolean => !durable.some(({ start, end }) => start < offset && offset < end);
  const inner = functions
    .filter((next) => next.parent === fn.index && isInBody(next.at))
    .map((next) => ({ ...at, fn: next }));
  const called = own
    .filter((call) => isInBody(call.start))
    .flatMap((call) =>
      functionsOf(resolveValue(call.callee, module)).map(({ module: target, fn: next }) => ({
        module: target,
        fn: next,
        workflow,
        through: [...through, `${next.name} (${formatLocation(place(target.file), target.locate(next.at))})`],
        exit: exit ?? (target.file === start.file ? undefined : call),
      })),
    );
  return [...inner, ...called];
}

function functionsOf(resolved: Resolved): { readonly module: Module; readonly fn: FunctionSummary }[] {
  if (resolved.kind === "choice") return resolved.of.flatMap(functionsOf);
  if (resolved.kind !== "function") return [];
  const fn = resolved.module.summary.functions[resolved.index];
  return fn ? [{ module: resolved.module, fn }] : [];
}

function usesOf({ module, fn, exit }: Reached): Use[] {
  const { reads, calls, stateUses } = module.summary;
  const uses = reads
    .filter(({ owner, inTask }) => owner === fn.index && !inTask)
    .flatMap((read) => useOf(read, module));
  const state = stateUses
    .filter(({ owner }) => owner === fn.index)
    .map(({ name, start, end }) => ({ kind: "state" as const, name, start, end }));
  const models = calls.filter(({ owner }) => owner === fn.index).flatMap((call) => modelUseOf(call, module));
  const all: Use[] = [...uses, ...state, ...models];
  if (!exit) return all;
  const names = new Set<string>();
  return all.filter(({ kind, name }) => !names.has(`${kind} ${name}`) && names.add(`${kind} ${name}`));
}

function useOf(read: ReadSummary, module: Module): Use[] {
  const resolved = resolveValue(read.value, module);
  const kind = resolved.kind === "platform" ? impurityOf(resolved.path, read.form) : undefined;
  if (resolved.kind !== "platform" || kind === undefined) return [];
  return [{ kind, name: resolved.path.replace(/^node:|\.\d+$/g, ""), start: read.start, end: read.end }];
}

function modelUseOf(call: CallSummary, module: Module): Use[] {
  const name = providerModelIn(call, module);
  return name === undefined ? [] : [{ kind: "model", name, start: call.start, end: call.end }];
}
