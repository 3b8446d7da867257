import type { Node } from "oxc-parser";
import { runtimeParams } from "../../../syntax/ast.ts";
import type { Analysis } from "../model/analysis.ts";
import type { CallModel, LoopModel, ModuleModel } from "../model/model.ts";

const isIn = ({ start, end }: CallModel, node: Node): boolean => start >= node.start && end <= node.end;

/** The calls that are durable or may be. */
const durableCalls = ({ calls }: ModuleModel, { targets }: Analysis): CallModel[] =>
  calls.filter((call, i) => targets[i]?.kind !== "plain" && !call.inTask && call.passedTo === undefined);

/** Indexes of the functions with durable calls in their parameters (default values, computed keys in patterns). */
export function callsInParameters(model: ModuleModel, analysis: Analysis): ReadonlySet<number> {
  const found = new Set<number>();
  for (const call of durableCalls(model, analysis)) {
    const owner = call.owner === undefined ? undefined : model.functions[call.owner];
    if (owner && runtimeParams(owner.node).some((param) => isIn(call, param))) found.add(owner.index);
  }
  return found;
}

/** The loops with durable calls in their assignment target: `for (const { name = await ask() } of people)`. */
export function callsInLeft(
  loops: readonly LoopModel[],
  model: ModuleModel,
  analysis: Analysis,
): ReadonlySet<LoopModel> {
  const calls = durableCalls(model, analysis);
  return new Set(
    loops.filter(
      ({ node }) =>
        (node.type === "ForOfStatement" || node.type === "ForInStatement") &&
        calls.some((call) => isIn(call, node.left)),
    ),
  );
}
