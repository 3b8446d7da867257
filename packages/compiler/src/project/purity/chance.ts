import type { ChanceSource } from "@perdure/protocol";
import type { ReadSummary } from "../../phases/2-analyze/model/summary.ts";
import { resolveValue, type Module } from "../links/link.ts";
import { chanceOf } from "./platform.ts";

/**
 * For each of the module's reads, what it reads from clock or random source. `undefined` for other reads, and for reads outside of
 * workflows.
 */
export const chanceIn = (module: Module): (ChanceSource | undefined)[] =>
  module.summary.reads.map((read) => sourceOf(read, module));

export const hasChance = (module: Module): boolean => chanceIn(module).some((source) => source !== undefined);

function sourceOf({ value, form, inTask, atTop }: ReadSummary, module: Module): ChanceSource | undefined {
  // a function that is only referenced when the module is evaluated may be called later
  if (inTask || (atTop && form !== "value")) return undefined;
  const resolved = resolveValue(value, module);
  return resolved.kind === "platform" ? chanceOf(resolved.path, form) : undefined;
}
