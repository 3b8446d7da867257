/** Work that is asked for often and done seldom. */
export interface Coalesced {
  /** Has the work done soon: at once, or when the last one has ended and the time between two has passed. */
  ask(): void;
  stop(): void;
}

/**
 * Does `work` never twice at a time, and never more often than once in `interval` milliseconds. What is asked for meanwhile is done once, afterwards.
 * @param work - must not reject
 */
export function coalesced(interval: number, work: () => Promise<void>): Coalesced {
  let isAsked = false;
  let isBusy = false;
  let isStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = async (): Promise<void> => {
    isAsked = false;
    isBusy = true;
    await work();
    if (isStopped) return;
    timer = setTimeout(() => {
      isBusy = false;
      if (isAsked) void run();
    }, interval);
  };

  return {
    ask() {
      isAsked = true;
      if (!isBusy && !isStopped) void run();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
