import { formatLocation, type FunctionInfo, type ModuleInfo } from "@perdure/protocol";

/** What a durable call calls: a function, or an operation of the runtime (`sleep`, `signal`, `start`, `keyed`). */
type CallKind = FunctionInfo["kind"] | "operation";

/** A name that is called, or passed on, with the locations. */
export interface NamedCall {
  readonly name: string;
  readonly kind: CallKind;
  readonly at: readonly string[];
}

/** The names of durable calls that only the newer modules have. */
export function addedCalls(before: readonly ModuleInfo[], now: readonly ModuleInfo[]): NamedCall[] {
  const old = callsOf(before);
  return [...callsOf(now).values()].filter(({ name }) => !old.has(name));
}

function callsOf(modules: readonly ModuleInfo[]): Map<string, NamedCall> {
  const places = new Map<string, string[]>();
  for (const { file, sites } of modules) {
    for (const [name, line, column] of sites)
      places.set(name, [...(places.get(name) ?? []), formatLocation(file, [line, column])]);
  }
  return new Map(
    [...places].map(([name, at]) => [name, { name, kind: definitionsOf(modules, name)[0]?.kind ?? "operation", at }]),
  );
}

/** The functions of that name. */
export const definitionsOf = (
  modules: readonly ModuleInfo[],
  name: string,
): (FunctionInfo & { readonly file: string })[] =>
  modules.flatMap(({ file, functions }) => functions.filter((fn) => fn.name === name).map((fn) => ({ ...fn, file })));

/** How many places call `name`, or pass it on. */
export const countCalls = (modules: readonly ModuleInfo[], name: string): number =>
  sum(modules, ({ sites }) => sites.filter(([called]) => called === name).length);

/** How many functions and loops give segments of that name to step ids. */
export const countScopes = (modules: readonly ModuleInfo[], name: string): number =>
  sum(
    modules,
    ({ functions, loops }) =>
      functions.filter((fn) => fn.name === name).length + loops.filter((loop) => loop === name).length,
  );

const sum = (modules: readonly ModuleInfo[], count: (module: ModuleInfo) => number): number =>
  modules.reduce((total, module) => total + count(module), 0);
