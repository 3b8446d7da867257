import type { FunctionNode } from "../../../syntax/ast.ts";
import type { Directives, FoundDirective } from "../../1-parse/directives.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import { directedExports } from "../scopes/directed-exports.ts";

/** The functions that have a directive, their own or that of the module. */
export function functionsWithDirective(
  { program }: Parsed,
  { functions, module }: Directives,
): ReadonlyMap<FunctionNode, FoundDirective> {
  if (!module) return functions;
  const result = new Map(functions);
  for (const { fn } of directedExports(program))
    if (fn?.async && !fn.generator && !result.has(fn)) result.set(fn, module);
  return result;
}
