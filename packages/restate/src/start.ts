import { fullFingerprint, parseWith, type ChildRequest, type Host } from "perdure/engine";
import type { Start } from "./wire.ts";

/**
 * What a run of the workflow is started with.
 * @throws PerdureError `SCHEMA_REFUSED`, `VALUE_NOT_STORABLE`
 */
export function startFor(
  { definition, args }: Pick<ChildRequest, "definition" | "args">,
  values: Host["values"],
): Start {
  const { name } = definition.info;
  const schema = definition.options?.input;
  if (schema) parseWith(schema, args, `the input of ${name}`);
  const input = values.encode([...args], `${name} was called with`);
  return { input, inputHash: fullFingerprint(args, input) };
}
