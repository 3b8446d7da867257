import { locatorOf, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { diagnose } from "./diagnose/diagnose.ts";
import { diagnoseSharedWords } from "./diagnose/shared-words.ts";
import type { Analysis } from "./model/analysis.ts";
import type { FunctionModel } from "./model/model.ts";
import type { Plan } from "./plan/edits.ts";
import { functionInfo } from "./plan/function-info.ts";
import type { AnalysisInput } from "./plan/input.ts";
import { needingId } from "./plan/needs-id.ts";
import { plan } from "./plan/plan.ts";
import { recoverable } from "./plan/recoverable.ts";
import { diagnoseScheduled } from "./plan/schedulable.ts";

interface AnalysisResult {
  /** `undefined` if the module needs no change. */
  readonly plan: Plan | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostics of one group say the same of different places: one of them is enough. */
  readonly groups: ReadonlyMap<Diagnostic, string>;
}

export function analyze(input: AnalysisInput): AnalysisResult {
  const { parsed, directives, model, analysis, file } = input;
  const { diagnostics: found, groups } = diagnose(parsed, directives, model, analysis, file);
  const diagnostics = [
    ...directives.diagnostics,
    ...found,
    ...diagnoseSharedWords(model, () => input.packageJson()?.dependencies, file),
  ];
  const functions = model.functions.filter((fn) => isInstrumented(fn, analysis));
  const locate = locatorOf(file);
  const byName = recoverable(functions, file, diagnostics);
  diagnostics.push(...diagnoseScheduled(functions, byName, file));
  const withoutId = needingId(model, functions, file, diagnostics);
  const infos = functions.map((fn) =>
    functionInfo(fn, locate(fn.at), byName.has(fn), withoutId.has(fn), file, diagnostics),
  );
  diagnostics.sort((a, b) => a.start - b.start);
  if (!analysis.touched || diagnostics.some(({ severity }) => severity === "error"))
    return { plan: undefined, diagnostics, groups };
  return { plan: plan(input, functions, infos), diagnostics, groups };
}

const isInstrumented = (fn: FunctionModel, analysis: Analysis): boolean =>
  analysis.durable[fn.index] === true && fn.place.kind !== "constructor";
