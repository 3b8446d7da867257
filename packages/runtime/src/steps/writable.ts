import { checkOptions, oneOf, PerdureError } from "@perdure/protocol";
import { context } from "../execution/current.ts";
import type { StreamSource } from "../streams/log.ts";
import type { WritableOptions } from "../streams/run-streams.ts";
import { storedName } from "../values/stored-name.ts";

/**
 * A writer to a stream of the run, in a task or in a workflow: `run.readable(name)` gives the chunks to every process, from any index, while they are written and afterwards. What is
 * written is committed in groups. In a task, `write()` resolves when the chunk is accepted, or waits while too many await their commit, and `close()` when all of them are
 * durable. In a workflow both resolve at once, and what was written is durable before the next checkpoint; a replay does not write it again.
 *
 * `close()` ends the stream, for all its writers. A stream that nobody closes ends with the run.
 * @throws PerdureError `STREAM_OUTSIDE_RUN`, `STREAMS_NOT_SUPPORTED`, `CALL_AFTER_END`
 */
export function writable<T = unknown>(name = "default", options: WritableOptions = {}): WritableStream<T> {
  const { onRetry = "reset" } = checkOptions(options, { onRetry: true }, "writable()");
  oneOf(onRetry, ["reset", "keep"], "onRetry");
  const current = context.getStore();
  if (current === undefined || current.kind === "launch")
    throw new PerdureError("STREAM_OUTSIDE_RUN", { stream: name });
  const { execution } = current;
  const body: StreamSource = {
    part: "",
    attempt: 0,
    refusal: (what) => execution.tooLate(what, ""),
  };
  const source = current.kind === "task" ? current.attempt.streamSource : body;
  return execution.streams.writable<T>(storedName(name), source, { onRetry });
}
