import type { Store } from "@perdure/store";
import type { StoreClock } from "../config/store-clock.ts";
import type { Logger } from "../config/logger.ts";
import type { Settings } from "../config/settings.ts";
import type { Slots } from "../queues/slots.ts";
import type { Owners } from "./owner.ts";
import type { ValueStore } from "../values/codec.ts";

/** What every part of one process that works on one store needs. */
export interface ProcessContext {
  /** The store's. */
  readonly clock: StoreClock;
  readonly values: ValueStore;
  readonly settings: Settings;
  readonly log: Logger;
  /** The name under which this process owns runs. */
  readonly owner: string;
  /** What it knows of the others. */
  readonly owners: Owners;
  readonly store: Store;
  readonly slots: Slots;
  readonly isClosed: boolean;
  /** False: runs are read and steered here, and executed elsewhere. */
  readonly executes: boolean;
  /** Reads the store's time, if that was not done for a while. */
  keepTime(): void;
  /** Calls `changed` soon after another process has written to the store, if the store can tell. Returns what ends it. */
  watchStore(changed: () => void): () => void;
  /** Logs a failure, unless it is one of a store that does not answer: of that the log has a line already. */
  logFailure(what: string, error: unknown, fields?: Record<string, unknown>): void;
  /** Milliseconds of a clock that only runs forward. */
  monotonic(): number;
  /**
   * The store, once it is open.
   * @throws PerdureError `RUNTIME_CLOSED`, `STORE_*`
   */
  ready(): Promise<Store>;
}
