import { createDiagnostic, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { FunctionModel } from "../model/model.ts";

/**
 * The workflows that another process can find by name: they need neither an instance nor a closure, and their name is unique. `this` is
 * allowed in a method, where it is the class or object that has the method.
 */
export function recoverable(
  functions: readonly FunctionModel[],
  file: SourceFile,
  diagnostics: Diagnostic[],
): ReadonlySet<FunctionModel> {
  const found = functions.filter((fn) => fn.kind === "workflow" && needsNothing(fn));
  const unique = new Set(found);
  for (const fn of found) {
    const others = found.filter(({ name }) => name === fn.name);
    if (others.length < 2) continue;
    unique.delete(fn);
    if (fn !== others[0] && fn.directive)
      diagnostics.push(
        createDiagnostic(
          file,
          "WORKFLOW_NAME_SHARED",
          { name: fn.name, directive: fn.directive.words },
          fn.directive.statement,
        ),
      );
  }
  return unique;
}

/** Whether it needs neither an instance nor a closure. */
export const needsNothing = ({ reachable, node, place, usesThis, usesSuper }: FunctionModel): boolean =>
  reachable &&
  (node.type === "ArrowFunctionExpression" ||
    place.kind === "method" ||
    place.kind === "classMethod" ||
    !(usesThis || usesSuper));
