import { watch } from "node:fs";
import { clearTimer, setTimer } from "@perdure/protocol";

/** Milliseconds from the first sign of a change to the look at it. What comes meanwhile is the same change. */
const SOON = 5;

/**
 * Calls `changed` soon after another connection has committed: SQLite writes each commit to the file `-wal`. Where the system does not tell of changes to
 * files, it is never called.
 * @param version - changes with each commit of another connection
 */
export function watchFile(path: string, version: () => number, changed: () => void): () => void {
  let known = version();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    const now = guarded(version) ?? known;
    if (now === known) return;
    known = now;
    changed();
  };
  const watcher = guarded(() => watch(`${path}-wal`, { persistent: false }, () => (timer ??= soon(look))));
  watcher?.on("error", () => watcher.close());
  return () => {
    if (timer) clearTimer(timer);
    watcher?.close();
  };
}

const soon = (look: () => void): NodeJS.Timeout => setTimer(look, SOON).unref();

/** Undefined where it throws: the store was closed, or the system cannot watch files. */
function guarded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
