import { context, currentScope } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";
import { storedName } from "../values/stored-name.ts";

/**
 * Gives the steps that `call` begins ids under `key` in place of ids by order, where the order itself is not stable.
 * Outside of a workflow it only calls `call`.
 */
export function keyed<R>(key: string | number, call: () => R): R {
  takeSite("keyed");
  const scope = currentScope();
  return scope ? context.run(scope.within({ key: storedName(String(key)) }), call) : call();
}
