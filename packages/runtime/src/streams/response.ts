import { checkOptions, clearRepeated, PerdureError, setRepeated } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import type { Readable, StreamEntry } from "./readable.ts";
import { headlineOf } from "../values/describe.ts";

export interface ResponseOptions {
  /** The index of the first chunk. Default: what the request says, else that of the readable. */
  readonly from?: number;
  /** A request that continues an earlier one has the header `Last-Event-ID`, which browsers send. */
  readonly request?: { readonly headers: { get(name: string): string | null } };
  /** Headers of the response in addition. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A comment is sent each time that nothing else was for so long, so that no proxy ends the connection. Default `"15s"`. */
  readonly heartbeat?: Duration;
}

/**
 * The stream as server-sent events, for `EventSource`: `data` is the chunk as JSON and `id` its index. An event `reset` says which chunks are void, `end` that the stream has ended, and
 * `error` what it or its run failed with; then the client has to close, or it connects again. When this process closes, or its store fails, the connection breaks, and the client connects again.
 * @throws PerdureError `OPTION_INVALID`
 */
export function toResponse(readable: Readable, options: ResponseOptions = {}): Response {
  checkOptions(options, { from: true, request: true, headers: true, heartbeat: true }, "toResponse()");
  const from = options.from ?? (options.request && afterLastEvent(options.request));
  const interval = toMilliseconds(options.heartbeat ?? "15s", "heartbeat");
  const entries = readable.entries(from === undefined ? {} : { from }).getReader();
  const encoder = new TextEncoder();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (timer) clearRepeated(timer);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // a client that reads nothing needs no comment
        const beat = (): void => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(":\n\n"));
        };
        timer = setRepeated(beat, interval).unref();
        controller.enqueue(encoder.encode(":\n\n")); // the headers are sent, though nothing has been written yet
      },
      async pull(controller) {
        const text = await next(entries);
        timer?.refresh();
        controller.enqueue(encoder.encode(text.event));
        if (!text.isLast) return;
        stop();
        controller.close();
      },
      async cancel(reason) {
        stop();
        await entries.cancel(reason);
      },
    },
    { highWaterMark: 1 },
  );
  const headers = new Headers(options.headers);
  headers.set("content-type", "text/event-stream; charset=utf-8");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-cache, no-transform");
  headers.set("x-accel-buffering", "no");
  return new Response(body, { headers });
}

/** The index after the one that the header `Last-Event-ID` names. Undefined: there is none. */
function afterLastEvent({ headers }: NonNullable<ResponseOptions["request"]>): number | undefined {
  const last = headers.get("last-event-id");
  if (last === null || last === "") return undefined;
  if (/^\d{1,15}$/.test(last)) return Number(last) + 1;
  throw new PerdureError("OPTION_INVALID", { option: "Last-Event-ID", value: last, expected: "the id of an event" });
}

async function next(
  entries: ReadableStreamDefaultReader<StreamEntry>,
): Promise<{ readonly event: string; readonly isLast: boolean }> {
  try {
    const { done, value: entry } = await entries.read();
    if (done) return { event: "event: end\ndata: {}\n\n", isLast: true };
    if (entry.type === "chunk") return { event: `id: ${entry.index}\ndata: ${jsonOf(entry.value)}\n\n`, isLast: false };
    const { index, from, part } = entry;
    return { event: `id: ${index}\nevent: reset\ndata: ${jsonOf({ from, part })}\n\n`, isLast: false };
  } catch (error) {
    // the stream has not failed, its reader has: a client that loses the connection continues elsewhere, or after the restart
    if (error instanceof PerdureError && /^(?:STORE|SQLITE|RUNTIME)_/.test(error.code)) throw error;
    return { event: `event: error\ndata: ${jsonOf({ message: headlineOf(error) })}\n\n`, isLast: true };
  }
}

/** JSON has no line breaks. */
const jsonOf = (value: unknown): string => JSON.stringify(value) ?? "null";
