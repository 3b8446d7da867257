import { PerdureError } from "@perdure/protocol";
import { context, currentScope } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";

/**
 * Gives the steps that `call` begins ids under `key` in place of ids by order, where the order itself is not stable.
 * Outside of a workflow it only calls `call`.
 * @throws PerdureError `KEY_INVALID` for a key with half of a surrogate pair
 */
export function keyed<R>(key: string | number, call: () => R): R {
  takeSite("keyed");
  if (!String(key).isWellFormed())
    throw new PerdureError("KEY_INVALID", { what: `the key "${String(key).toWellFormed()}"` });
  const scope = currentScope();
  return scope ? context.run(scope.within({ key: String(key) }), call) : call();
}
