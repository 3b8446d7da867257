import type { ChanceSource } from "@perdure/protocol";
import type { ReadSummary } from "../phases/2-analyze/model/summary.ts";
import { resolveValue, type Module } from "./link.ts";
import { chanceOf } from "./platform.ts";

/** What each of the module's reads gives; `undefined` where that is not clock or chance, or no workflow can be there. */
export const chanceIn = (module: Module): (ChanceSource | undefined)[] =>
  module.summary.reads.map((read) => sourceOf(read, module));

export const hasChance = (module: Module): boolean => chanceIn(module).some((source) => source !== undefined);

function sourceOf({ value, form, inTask, atTop }: ReadSummary, module: Module): ChanceSource | undefined {
  // a function that is taken with the module may be called later
  if (inTask || (atTop && form !== "value")) return undefined;
  const resolved = resolveValue(value, module);
  return resolved.kind === "platform" ? chanceOf(resolved.path, form) : undefined;
}
