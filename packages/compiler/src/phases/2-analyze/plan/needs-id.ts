import { createDiagnostic, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { FunctionModel, ModuleModel } from "../model/model.ts";
import type { Value } from "../model/value.ts";

/**
 * The workflows without an id whose calls are distinguished by more than their arguments: by their instance, or by variables of a function
 * around them. The default id knows only the arguments.
 */
export function needingId(
  model: ModuleModel,
  functions: readonly FunctionModel[],
  file: SourceFile,
  diagnostics: Diagnostic[],
): ReadonlySet<FunctionModel> {
  const without = functions.filter((fn) => isWithoutId(fn) && !isInWorkflow(fn, model));
  const found = without.filter((fn) => model.closures.has(fn.index) || usesInstance(fn));
  // the options may give the id, to whichever of them
  if (!model.calls.some(({ callee }) => isWorkflowOptions(callee, model)))
    for (const { name, directive } of without.filter((fn) => found.includes(fn) || usesCallersThis(fn)))
      if (directive) {
        const params = { name, directive: directive.words };
        diagnostics.push(createDiagnostic(file, "WORKFLOW_NEEDS_ID", params, directive.statement));
      }
  return new Set(found);
}

const isWithoutId = ({ directive }: FunctionModel): boolean =>
  directive?.directive.kind === "workflow" && directive.directive.id === undefined;

/** Whether it is a method of one of several objects, and uses that object. */
const usesInstance = ({ place, repeated, usesThis, usesSuper }: FunctionModel): boolean =>
  (usesThis || usesSuper) &&
  (place.kind === "classMethod" ? !place.isStatic || repeated : place.kind === "method" && repeated);

/** Whether it is a function that is no method, and uses the `this` that comes with each call: the runtime cannot tell such calls apart. */
const usesCallersThis = ({ place, usesThis }: FunctionModel): boolean =>
  usesThis && place.kind !== "classMethod" && place.kind !== "method";

/** There its calls are child runs, whose ids are made of the caller's. */
function isInWorkflow({ parent }: FunctionModel, model: ModuleModel): boolean {
  for (let at = parent; at !== undefined; at = model.functions[at]?.parent)
    if (model.functions[at]?.kind === "workflow") return true;
  return false;
}

const isWorkflowOptions = (value: Value, { bindings }: ModuleModel): boolean => {
  const meant = value.kind === "binding" ? bindings[value.index] : value;
  return meant?.kind === "import" && meant.name === "workflowOptions";
};
