import type { Encoded } from "@perdure/store";
import type { ValueStore } from "../values/codec.ts";
import { guarded, headlineOf } from "../values/describe.ts";
import type { Redacted, Settings } from "./settings.ts";

/** What turns recorded values into what people see. */
export interface Shower {
  readonly values: Pick<ValueStore, "decode">;
  readonly settings: Pick<Settings, "redact">;
}

/**
 * A recorded value for people: decoded, and as `configure({ redact })` lets it be shown. Text that says so where it cannot be decoded, or
 * `redact` throws.
 */
export function shown({ values, settings }: Shower, text: Encoded, what: Redacted): unknown {
  let value: unknown;
  try {
    value = values.decode(text);
  } catch (error) {
    return `[cannot be decoded: ${headlineOf(error)}]`;
  }
  const { redact } = settings;
  return redact ? guarded(() => redact(value, what), "[redacted: the hook threw]") : value;
}
