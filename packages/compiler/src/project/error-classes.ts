import type { Analysis, TestedErrorClass } from "../phases/2-analyze/model/analysis.ts";
import type { TestedClass } from "../phases/2-analyze/model/summary.ts";
import type { Value } from "../phases/2-analyze/model/value.ts";
import { resolveValue, type Module, type Resolved } from "./link.ts";

/** Longer chains of base classes count as unknown. This also ends cycles. */
const depthLimit = 64;

/**
 * For each class with `extends`, whether its instances are errors. A base class of a package may be one of errors. A class that a function
 * declares counts only if they certainly are: the function may add members to any class.
 */
export const errorClassesIn = (module: Module): Analysis["errorClasses"] =>
  module.summary.derived.map(({ index, isLocal }) => {
    const declared: Resolved = { kind: "class", module, index };
    if (isOfErrors(declared, false)) return "certain";
    return !isLocal && isOfErrors(declared, true) ? "possible" : undefined;
  });

function isOfErrors(resolved: Resolved, ifUnknown: boolean, depth = 0): boolean {
  switch (resolved.kind) {
    case "class": {
      const parent = resolved.module.summary.classes[resolved.index]?.parent;
      if (!parent || depth > depthLimit) return false;
      return isOfErrors(resolveValue(parent, resolved.module), ifUnknown, depth + 1);
    }
    case "platform":
      return /(?:Error|Exception)$/.test(resolved.path);
    case "runtime":
      return true;
    case "choice":
      return resolved.of.some((each) => isOfErrors(each, ifUnknown, depth + 1));
    case "instance":
    case "object":
    case "namespace":
      return false;
    default:
      return ifUnknown;
  }
}

/**
 * The classes that the module tests for and that no module of the project declares, where they may be classes of errors. A class of the project
 * is registered where it is declared.
 */
export function testedClassesIn(module: Module): TestedErrorClass[] {
  const found = new Map<string, TestedErrorClass>();
  for (const each of module.summary.testedClasses)
    if (isOutside(resolveValue(each.value, module)))
      found.set(each.expression, { name: nameOf(each, module), expression: each.expression });
  return [...found.values()];
}

function isOutside(resolved: Resolved): boolean {
  if (resolved.kind === "platform") return resolved.path.startsWith("node:") && isOfErrors(resolved, true);
  return resolved.kind !== "class" && resolved.kind !== "runtime" && isOfErrors(resolved, true);
}

/** `axios#AxiosError` for a class of a package, `NotFound` for another one. */
function nameOf({ value, expression }: TestedClass, module: Module): string {
  const last = expression.slice(expression.lastIndexOf(".") + 1);
  const { from, name } = originOf(value, module) ?? {};
  const own = name === undefined || name === "default" || name === "*" ? last : name;
  return from === undefined || module.follow(from) ? own : `${from}#${own}`;
}

function originOf(
  value: Value,
  module: Module,
  depth = 0,
): { readonly from: string; readonly name: string } | undefined {
  if (depth > depthLimit) return undefined;
  switch (value.kind) {
    case "binding":
      return originOf(module.summary.bindings[value.index] ?? { kind: "unknown" }, module, depth + 1);
    case "import":
      return value;
    case "member": {
      const object = originOf(value.object, module, depth + 1);
      return object && { from: object.from, name: value.name };
    }
    default:
      return undefined;
  }
}

export const hasErrorClasses = (module: Module): boolean =>
  errorClassesIn(module).some((each) => each !== undefined) || testedClassesIn(module).length > 0;
