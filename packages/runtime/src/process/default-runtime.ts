import { PerdureError } from "@perdure/protocol";
import type { RuntimeOptions } from "../config/settings.ts";
import { processWide } from "../process-wide.ts";
import { Runtime } from "./runtime.ts";

interface Installed {
  runtime: Runtime | undefined;
  /** Whether the program has called `close()`. What it does afterwards begins anew. */
  isClosed?: boolean;
}

/** The runtime of the process; made on first use. */
export const installed = processWide<Installed>("runtime", () => ({ runtime: undefined }));

/** The runtime that plain calls and the functions of this package use. */
export const currentRuntime = (): Runtime => (installed.runtime ??= new Runtime());

/**
 * The same, for who only looks on: after `close()` it begins none, which would open the store again, or make the file of the default one.
 * @throws PerdureError `RUNTIME_CLOSED`
 */
export function runtimeInUse(): Runtime {
  if (!installed.runtime && installed.isClosed === true) throw new PerdureError("RUNTIME_CLOSED", {});
  return currentRuntime();
}

/**
 * Sets up this process. Call it before the first workflow; nothing is opened before that.
 * @throws PerdureError `CONFIGURED_TOO_LATE` when workflows have been used already (call `close()` first), `STORE_URL_INVALID`, `OPTION_INVALID`
 */
export function configure(options: RuntimeOptions): void {
  if (installed.runtime?.isUsed === true) throw new PerdureError("CONFIGURED_TOO_LATE", {});
  installed.runtime = new Runtime(options);
}

/**
 * Ends Perdure in this process: running attempts finish and are recorded (for ten seconds at most), leases are released, the store
 * is closed. Unfinished runs stay as they are, for `recover()`, a worker, or the same call. Afterwards `configure` may be called again.
 */
export async function close(): Promise<void> {
  const { runtime } = installed;
  installed.runtime = undefined;
  installed.isClosed = true;
  await runtime?.close();
}
