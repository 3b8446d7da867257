import type { Analysis, TestedErrorClass } from "../phases/2-analyze/model/analysis.ts";
import type { TestedClass } from "../phases/2-analyze/model/summary.ts";
import type { Value } from "../phases/2-analyze/model/value.ts";
import { resolveValue, type Module, type Resolved } from "./links/link.ts";

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

/** The classes that the module tests for and does not declare, where they may be classes of errors. */
export function testedClassesIn(module: Module): TestedErrorClass[] {
  const found = new Map<string, TestedErrorClass>();
  for (const each of module.summary.testedClasses) {
    const tested = testedIn(each, module);
    if (tested) found.set(each.expression, tested);
  }
  return [...found.values()];
}

function testedIn(tested: TestedClass, module: Module): TestedErrorClass | undefined {
  const resolved = resolveValue(tested.value, module);
  const { expression } = tested;
  if (resolved.kind === "runtime" || !isOfErrors(resolved, true)) return undefined;
  if (resolved.kind === "platform" && !resolved.path.startsWith("node:")) return undefined;
  if (resolved.kind !== "class") return { name: nameOf(tested, module), file: undefined, expression };
  const { file, summary } = resolved.module;
  const declared = summary.derived.find(({ index }) => index === resolved.index);
  return declared && file !== module.file ? { name: declared.name, file, expression } : undefined;
}

/** `axios#AxiosError` for a class of a package, `NotFound` for one whose declaration is not known. */
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
