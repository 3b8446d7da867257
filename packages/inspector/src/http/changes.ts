import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Client } from "perdure/tools";

/** Milliseconds between two looks at the store. */
const LISTS_EVERY = 1_000;
const RUN_EVERY = 500;
/** Milliseconds after which a connection on which nothing happens says so. */
const HEARTBEAT = 15_000;
/** How many of the latest runs are looked at for changes. */
const LATEST = 100;

/** Something that can change: its state, as text. */
type State = () => Promise<string>;

/** A state, and how often to look at it. */
export interface Watched {
  readonly state: State;
  readonly every: number;
}

/** What the pages watch. However many pages are open, the lists are read once. */
export class Changes {
  private readonly lists = new WeakMap<Client, { readonly at: number; readonly state: Promise<string> }>();

  ofLists(client: Client): Watched {
    const state: State = () => {
      const now = performance.now();
      const known = this.lists.get(client);
      if (known && now - known.at < LISTS_EVERY / 2) return known.state;
      const read = this.readLists(client);
      this.lists.set(client, { at: now, state: read });
      return read;
    };
    return { state, every: LISTS_EVERY };
  }

  private async readLists(client: Client): Promise<string> {
    const [counts, queues, schedules, runs] = await Promise.all([
      client.countRuns(),
      client.queues(),
      client.schedules(),
      client.listRuns({ limit: LATEST }),
    ]);
    const latest = runs.map(({ id, status, inLine, updatedAt, blocked, progress }) => [
      id,
      status,
      inLine,
      updatedAt,
      blocked,
      progress,
    ]);
    return textOf([counts, queues, schedules, latest]);
  }

  ofQueue(client: Client, name: string): Watched {
    const queue = client.queue(name);
    return { state: async () => textOf([await queue.info(), await queue.keys()]), every: LISTS_EVERY };
  }

  /** @param after - the `seq` of the last step that the reader has */
  ofRun(client: Client, id: string, after: number): Watched {
    const seen = { seq: after, restarts: -1 };
    const state: State = async () => {
      const run = await client.getRun(id);
      const { status, inLine, updatedAt, blocked, progress, waitingFor, restarts } = await run.info();
      if (seen.restarts !== restarts) {
        if (seen.restarts >= 0) seen.seq = 0; // its steps begin anew
        seen.restarts = restarts;
      }
      seen.seq = await client.lastSeq(id, seen.seq);
      const streams = (await client.streams(id)).map(({ stream, next }) => [stream, next]);
      return textOf([seen, streams, status, inLine, updatedAt, blocked, progress, waitingFor]);
    };
    return { state, every: RUN_EVERY };
  }
}

const textOf = (state: unknown): string => inspect(state, { depth: 6, maxArrayLength: 1_000 });

/** Whether the program has called `close()`. */
const isClosed = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "RUNTIME_CLOSED";

/** A stream of events `change`: one when the state is another than at the last look, or can no longer be read. */
export function changesOf(context: Context, { state, every }: Watched): Response {
  return streamSSE(context, async (stream) => {
    let last: string | undefined;
    let said = performance.now();
    await stream.write(": open\n\n");
    while (!stream.aborted && !stream.closed) {
      const now = await state().catch((error: unknown) => (isClosed(error) ? undefined : String(error)));
      if (now === undefined) return;
      if (last !== undefined && now !== last) {
        await stream.writeSSE({ event: "change", data: "" });
        said = performance.now();
      }
      last = now;
      if (performance.now() - said > HEARTBEAT) {
        await stream.write(": nothing\n\n");
        said = performance.now();
      }
      await sleep(every, undefined, { ref: false });
    }
  });
}
