import { randomUUID } from "node:crypto";
import { clearTimer, setTimer } from "@perdure/protocol";
import pg from "pg";
import { destroy, type Database } from "./database.ts";
import type { Place } from "./place.ts";

/** Milliseconds between two notifications, and between two calls of a listener, at least. What comes meanwhile is collected. */
const GAP = 20;
/** Milliseconds that a store which is closed waits at most for its last notification. */
const LAST_WORD = 1_000;
/** Milliseconds within which a notification to oneself must come back. A pooler in transaction mode lets none through. */
const SELF_TEST = 3_000;
/** Milliseconds between two looks at whether the connection lives. */
const ALIVE = 30_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

export interface Hints {
  /** This store has written something that others may wait for. */
  written(): void;
  /** Calls `changed` soon after another store has. Never needed: who waits looks now and then as well. */
  listen(changed: () => void): () => void;
  /** How many writes it knows of. Undefined: notifications do not come through, or it is not known whether they do. */
  changes(): number | undefined;
  /** Resolves when the last write has been announced, if that is possible. */
  close(): Promise<void>;
}

/**
 * Tells other stores of writes by LISTEN and NOTIFY, beside the transactions that write: a NOTIFY inside of one would make all commits of the
 * server wait for each other.
 */
export function hints(place: Place, database: Database): Hints {
  const channel = `perdure_${place.schema}`.slice(0, 63);
  const me = randomUUID();
  const listeners = new Set<() => void>();
  let listener: Listener | undefined;
  let changes = 0;

  let announced: Promise<unknown> = Promise.resolve();
  const notify = (): void => {
    announced = database.query("SELECT pg_notify($1, $2)", [channel, me]).catch(() => {}); // a hint that is lost costs a moment
  };
  const sending = spaced(notify);
  const telling = spaced(() => {
    for (const changed of listeners) changed();
  });

  return {
    written() {
      changes++;
      sending.call();
    },
    listen(changed) {
      const each = (): void => changed();
      listeners.add(each);
      listener ??= startListening(place, channel, (payload) => {
        if (payload === me) return;
        changes++;
        telling.call();
      });
      return () => {
        listeners.delete(each);
        if (listeners.size > 0) return;
        listener?.stop();
        listener = undefined;
      };
    },
    changes: () => (listener?.works() ? changes : undefined),
    async close() {
      telling.stop();
      listeners.clear();
      listener?.stop();
      listener = undefined;
      if (sending.stop()) notify();
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([announced, new Promise((done) => (timer = setTimer(done, LAST_WORD)))]);
      clearTimer(timer);
    },
  };
}

interface Spaced {
  call(): void;
  /** It is not called any more. Whether a call was still to come. */
  stop(): boolean;
}

/** Calls `work` at once, or, if the latest call was just before, when some time has passed since that. */
function spaced(work: () => void): Spaced {
  let timer: NodeJS.Timeout | undefined;
  let isWanted = false;
  const due = (): void => {
    timer = isWanted ? setTimer(due, GAP).unref() : undefined;
    if (!isWanted) return;
    isWanted = false;
    work();
  };
  return {
    call() {
      isWanted = true;
      if (!timer) due();
    },
    stop() {
      clearTimer(timer);
      return isWanted;
    },
  };
}

interface Listener {
  /** Whether the present connection has heard itself. */
  works(): boolean;
  stop(): void;
}

/** One connection that listens, and is made again when it is lost. `heard` is also called after each new one: something may have been missed. */
function startListening(place: Place, channel: string, heard: (payload: string) => void): Listener {
  let stopped = false;
  let client: pg.Client | undefined;
  let works = false;
  let timer: NodeJS.Timeout | undefined;
  let pause = FIRST_PAUSE;

  const lost = (ended: pg.Client): void => {
    if (ended !== client) return;
    client = undefined;
    works = false;
    clearTimer(timer);
    destroy(ended);
    if (stopped) return;
    timer = setTimer(() => void connect(), pause * (0.5 + Math.random())).unref();
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  };
  const connect = async (): Promise<void> => {
    const made = new pg.Client({
      ...place.connection,
      connectionTimeoutMillis: place.timeout,
      query_timeout: place.timeout,
      keepAlive: true,
    });
    client = made;
    const test = randomUUID();
    made.on("error", () => lost(made));
    made.on("end", () => lost(made));
    made.on("notification", ({ payload = "" }) => {
      if (payload !== test) return heard(payload);
      works ||= made === client;
      pause = FIRST_PAUSE;
    });
    try {
      await made.connect();
      // it does not keep the process alive
      (made as unknown as { unref(): void }).unref();
      await made.query(`LISTEN "${channel}"`);
      await made.query("SELECT pg_notify($1, $2)", [channel, test]);
      heard("");
    } catch {
      return lost(made);
    }
    const look = (wait: number): void => {
      if (made !== client) return;
      timer = setTimer(() => {
        if (!works) return lost(made);
        made.query("SELECT 1").then(
          () => look(ALIVE),
          () => lost(made),
        );
      }, wait).unref();
    };
    look(SELF_TEST);
  };

  void connect();
  return {
    works: () => works,
    stop() {
      stopped = true;
      const open = client;
      if (open) lost(open);
      clearTimer(timer);
    },
  };
}
