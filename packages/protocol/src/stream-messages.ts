import { define } from "./message.ts";

/** The messages about streams of runs. */
export const streamMessages = {
  STREAM_OUTSIDE_RUN: define((p: { stream: string }) => ({
    text: `writable("${p.stream}") was called outside of a run`,
    hint: "call it in a task, or in a workflow",
  })),
  STREAM_CLOSED: define((p: { stream: string; run: string; by: string }) => ({
    text: `the stream "${p.stream}" of run ${p.run} cannot be written to any more: ${p.by} has closed it`,
    hint: "close a stream after its last chunk; where several tasks write to one stream, use pipeTo(stream, { preventClose: true }) or releaseLock() in place of close()",
  })),
  STREAM_NOT_WRITTEN: define((p: { stream: string; run: string; reason: string }) => ({
    text: `chunks of the stream "${p.stream}" of run ${p.run} were not recorded, since ${p.reason}`,
    hint: "nothing has to be done: when the run continues, the task is attempted again and writes them anew",
  })),
  STREAM_TOO_LARGE: define(
    (p: { stream: string; run: string; option: "chunkBytes" | "streamBytes"; size: number; limit: number }) => ({
      text: `${p.option === "chunkBytes" ? "a chunk" : "all chunks together"} of the stream "${p.stream}" of run ${p.run} would have ${p.size} bytes, and ${p.limit} are allowed`,
      hint: `write ${p.option === "chunkBytes" ? "smaller chunks" : "less"}, put large data elsewhere and write where it is, or raise configure({ streams: { ${p.option} } })`,
    }),
  ),
  STREAM_RESET: define((p: { stream: string; run: string; from: number }) => ({
    text: `chunks of the stream "${p.stream}" of run ${p.run} that were received, from index ${p.from} on, are void: a task that wrote them is tried again, or the run, or there is another run with its id`,
    hint: `discard what was received from there on, and read again: run.readable("${p.stream}", { from: ${p.from} }); or be told while reading: readable(name, { onReset }), readable(name).entries()`,
  })),
  STREAMS_NOT_SUPPORTED: define((p: { store: string; stream: string }) => ({
    text: `the store ${p.store} has no streams, and the stream "${p.stream}" needs them`,
    hint: 'use "sqlite:path/to/file.db", "postgres://user@host/database" or "memory:", or implement the methods of StreamStore',
  })),
};
