import { context, currentScope } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";

/**
 * Calls `call` so that no cancellation of the run touches the durable work in it: waits continue, tasks are not interrupted, and nothing is
 * refused, whether the cancellation comes before or meanwhile. Outside of a workflow it only calls `call`.
 */
export function shield<R>(call: () => R): R {
  takeSite("shield");
  const scope = currentScope();
  return scope ? context.run(scope.shielded, call) : call();
}
