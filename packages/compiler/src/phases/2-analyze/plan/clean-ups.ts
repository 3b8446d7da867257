import type { Analysis } from "../model/analysis.ts";
import { findCleanUps } from "../model/clean-ups.ts";
import type { FunctionModel, ModuleModel } from "../model/model.ts";
import type { Edit } from "./edits.ts";

/** The marks of clean-up (R11). */
export function planCleanUps(model: ModuleModel, functions: readonly FunctionModel[], { targets }: Analysis): Edit[] {
  const { blocks, disposals, callbacks, uncontained } = findCleanUps(model, functions, targets);
  return [
    ...blocks.map((node, index): Edit => ({ kind: "cleanUp", node, index })),
    ...[...disposals].map(([node, declarations], index): Edit => ({ kind: "using", node, index, declarations })),
    ...callbacks.map((node): Edit => ({ kind: "cleaning", node })),
    ...uncontained.map(({ node, label, redeclared }): Edit => ({
      kind: "scope",
      node,
      index: undefined,
      label,
      redeclared,
      parameters: false,
    })),
  ];
}
