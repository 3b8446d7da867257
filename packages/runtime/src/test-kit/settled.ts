import type { Runtime } from "../process/runtime.ts";
import { unansweredCalls } from "./counted-store.ts";

/** Turns of the event loop without activity after which an attempt with a timeout counts as waiting for it. */
const TURNS_WITH_TIMEOUT = 50;

/**
 * Resolves when no attempt runs, nothing is left to commit, and the store has answered every call. An attempt with a timeout may
 * wait for just that timeout: it counts as settled when nothing has happened for a while.
 */
export async function settled(runtime: Runtime): Promise<void> {
  const sum = (what: "running" | "limited"): number =>
    runtime.runs.all().reduce((total, { attempts }) => total + attempts[what], 0);
  const isBusy = (): boolean =>
    sum("running") > sum("limited") || !runtime.committer.isEmpty || unansweredCalls(runtime.store) > 0;
  for (let quiet = 0; quiet < (sum("limited") > 0 ? TURNS_WITH_TIMEOUT : 3); quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!runtime.isClosed && isBusy()) quiet = -1;
  }
}
