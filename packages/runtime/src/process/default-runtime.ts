import { PerdureError } from "@perdure/protocol";
import { registry } from "../definitions/registry.ts";
import { Runtime } from "./runtime.ts";
import type { RuntimeOptions } from "../config/settings.ts";

/** The runtime that plain calls and the functions of this package work with; made at the first need. */
export const currentRuntime = (): Runtime => (registry.runtime ??= new Runtime());

/**
 * Sets up this process. Call it before the first workflow; nothing is opened before that.
 * @throws PerdureError `CONFIGURED_TOO_LATE` when workflows have been used already (close() first), `STORE_URL_INVALID`, `OPTION_INVALID`
 */
export function configure(options: RuntimeOptions): void {
  if (registry.runtime?.used === true) throw new PerdureError("CONFIGURED_TOO_LATE", {});
  registry.runtime = new Runtime(options);
}

/**
 * Ends Perdure in this process: running attempts finish and are recorded, leases are released, the store is closed.
 * Unfinished runs stay as they are, for `recover()`, a worker, or the same call. Afterwards `configure` may be called again.
 */
export async function close(): Promise<void> {
  const { runtime } = registry;
  registry.runtime = undefined;
  await runtime?.close();
}
