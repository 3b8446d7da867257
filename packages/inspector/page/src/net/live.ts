import { signal, type Signal } from "@preact/signals";
import type { Client, Query } from "./client.ts";
import { coalesced } from "./coalesce.ts";
import { EventLines } from "./event-lines.ts";

export type Connection = "connecting" | "live" | "retrying" | "paused";

/** Changes are read again at most once in this many milliseconds. */
const INTERVAL = 250;
const FIRST_DELAY = 500;
const LAST_DELAY = 15_000;

/** Tells when something has changed in the store. */
export class Live {
  readonly connection: Signal<Connection> = signal("connecting");
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  /**
   * Has `refresh` called after changes, at once when it begins, and whenever changes may have been missed. It pauses while the tab is hidden.
   * @param of - only changes of this run, or of this queue. Without one, of what the lists show
   * @param refresh - must not reject
   * @returns a function that ends it
   */
  watch(of: Query, refresh: () => Promise<void>): () => void {
    const work = coalesced(INTERVAL, refresh);
    let stream: AbortController | undefined;
    const follow = (): void => {
      stream?.abort();
      stream = undefined;
      if (document.hidden) {
        this.connection.value = "paused";
        return;
      }
      stream = new AbortController();
      work.ask();
      void this.follow(of, stream.signal, () => work.ask());
    };
    document.addEventListener("visibilitychange", follow);
    follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      stream?.abort();
      work.stop();
    };
  }

  /** Reads the stream, and begins it anew after each end, more and more seldom while that does not help. */
  private async follow(of: Query, abort: AbortSignal, onChange: () => void): Promise<void> {
    let delay = FIRST_DELAY;
    // from one page to the next it stays live, so that it is not read aloud each time
    if (this.connection.value !== "live") this.connection.value = "connecting";
    while (!abort.aborted) {
      try {
        const response = await this.client.open("changes", of, abort);
        if (this.connection.value === "retrying") onChange(); // there may have been changes meanwhile
        this.connection.value = "live";
        delay = FIRST_DELAY;
        await readEvents(response, onChange);
      } catch {
        // told by `connection`
      }
      if (abort.aborted) return;
      this.connection.value = "retrying";
      await pause(delay, abort);
      delay = Math.min(delay * 2, LAST_DELAY);
    }
  }
}

async function readEvents(response: Response, onChange: () => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const lines = new EventLines();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    if (lines.push(part.value).some(({ name }) => name === "change")) onChange();
}

export const pause = (milliseconds: number, abort: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    abort.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
