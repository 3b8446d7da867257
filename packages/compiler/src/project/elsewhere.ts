import { components } from "../files/paths.ts";
import type { DefinedElsewhere, Target } from "../phases/2-analyze/model/analysis.ts";
import type { FunctionSummary } from "../phases/2-analyze/model/summary.ts";
import type { Value } from "../phases/2-analyze/model/value.ts";
import { resolveValue, type Module, type Resolved } from "./links/link.ts";
import type { Packages } from "./packages.ts";

interface Found {
  readonly file: string;
  readonly fn: FunctionSummary;
}

/**
 * Where the function of a call is defined, if that is in another module, and the function reaches the runtime at the moment of the call: a task or
 * workflow, or a helper that is no generator.
 */
export function definedElsewhere(
  callee: Value,
  module: Module,
  { file, fn }: Found,
  isByName: boolean,
): DefinedElsewhere | undefined {
  if (file === module.file) return undefined;
  const by = isByName ? "name" : isFixed(callee, module) ? "variable" : "member";
  // a plain function in place of a helper is as good as the helper
  const directed = fn.kind !== undefined;
  return directed || (by === "variable" && fn.async && !fn.generator) ? { file, by, directed } : undefined;
}

/** A call, or the handing over, of a durable function that a module imports. */
export interface ImportedCall {
  readonly name: string;
  /** As the import names the module. */
  readonly specifier: string;
  /** The file that defines the function. */
  readonly file: string;
  /** Offsets of the call. */
  readonly start: number;
  readonly end: number;
}

/** The uses of functions that are durable for `isDurable` and come into the module by imports of values. */
export function importedCalls(module: Module, isDurable: (file: string, index: number) => boolean): ImportedCall[] {
  return module.summary.calls.flatMap(({ callee, start, end }) => {
    const specifier = importedFrom(callee, module);
    if (specifier === undefined) return [];
    return functionsOf(resolveValue(callee, module)).flatMap(({ module: { file, summary }, index }) => {
      const fn = summary.functions[index];
      return fn && file !== module.file && isDurable(file, index)
        ? [{ name: fn.name, specifier, file, start, end }]
        : [];
    });
  });
}

type ResolvedFunction = Extract<Resolved, { kind: "function" }>;

/** The function, or each of those that it may be. */
const functionsOf = (resolved: Resolved): readonly ResolvedFunction[] =>
  resolved.kind === "function" ? [resolved] : resolved.kind === "choice" ? resolved.of.flatMap(functionsOf) : [];

/** The module that the value, the object that it is a member of, or its class, is imported from. A type annotation imports no value. */
function importedFrom(value: Value, module: Module, depth = 0): string | undefined {
  if (depth > 16) return undefined;
  switch (value.kind) {
    case "import":
      return value.from;
    case "binding":
      return importedFrom(module.summary.bindings[value.index] ?? { kind: "unknown" }, module, depth + 1);
    case "member":
      return importedFrom(value.object, module, depth + 1);
    case "instance":
      return importedFrom(value.of, module, depth + 1);
    case "choice":
      return value.values.map((each) => importedFrom(each, module, depth + 1)).find((from) => from !== undefined);
    default:
      return undefined;
  }
}

/** Whether the expression certainly is the function that it resolves to, and neither a member of an object nor an override of a method. */
function isFixed(value: Value, module: Module, depth = 0): boolean {
  if (depth > 16) return false;
  switch (value.kind) {
    case "import":
      return true;
    case "binding":
      return isFixed(module.summary.bindings[value.index] ?? { kind: "unknown" }, module, depth + 1);
    case "member":
      return resolveValue(value.object, module).kind === "namespace";
    default:
      return false;
  }
}

/** Leaves out helpers of the same package, which the same plugin compiles, and adds the name of another package. */
export function withPackage(target: Target, module: Module, packages: Packages): Target {
  if (target.kind !== "durable" || !target.from) return target;
  const { from, ...rest } = target;
  if (packages.isSame(from.file, module.file)) return from.directed || components.test(from.file) ? target : rest;
  return { ...rest, from: { ...from, package: packages.nameOf(from.file) } };
}
