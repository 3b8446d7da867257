import type { FunctionModel } from "../model/model.ts";

/** Where the word `async` belongs, to make a function async. `undefined` for a place that cannot be async. */
export function asyncAt({ node, place }: FunctionModel, source: string): number | undefined {
  if (place.kind === "declaration" || place.kind === "expression") return node.start;
  const members =
    place.kind === "method" ? place.object.properties : place.kind === "classMethod" ? place.of.body.body : [];
  for (const each of members) {
    if (!("value" in each) || each.value !== node) continue;
    return each.computed ? source.lastIndexOf("[", each.key.start) : each.key.start;
  }
  return undefined;
}
