import { checkOptions, clearRepeated, PerdureError, setRepeated } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import type { Readable, StreamEvent, StreamReset } from "./readable.ts";
import { headlineOf } from "../values/describe.ts";

export interface ResponseOptions {
  /** The index of the first chunk, unless the request continues an earlier one. Default: that of the readable. */
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
 * `error` what it or its run failed with; then the client has to close, or it connects again. A response that ends or breaks without one of these was cut off, as when this process closes or its store fails.
 * @throws PerdureError `OPTION_INVALID`
 */
export function toResponse(readable: Readable, options: ResponseOptions = {}): Response {
  checkOptions(options, { from: true, request: true, headers: true, heartbeat: true }, "toResponse()");
  const after = options.request && afterLastEvent(options.request);
  const from = after ?? options.from;
  const interval = toMilliseconds(options.heartbeat ?? "15s", "heartbeat");
  const events = readable.events(from === undefined ? {} : { from }, after !== undefined).getReader();
  const encoder = new TextEncoder();
  const comment = (): Uint8Array => encoder.encode(":\n\n");
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    if (timer) clearRepeated(timer);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(comment()); // the headers are sent, though nothing has been written yet
      },
      async pull(controller) {
        // a client that reads nothing needs no comment
        const beat = (): void => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(comment());
        };
        timer ??= setRepeated(beat, interval).unref(); // not for a body that nobody reads, such as that of HEAD
        const { text, isLast } = await next(events);
        if (isOver) return;
        timer.refresh();
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (!isLast) return;
        stop();
        controller.close();
      },
      async cancel(reason) {
        stop();
        await events.cancel(reason);
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

/** The text of the next event. Empty: the reading was cut off. */
async function next(
  events: ReadableStreamDefaultReader<StreamEvent>,
): Promise<{ readonly text: string; readonly isLast: boolean }> {
  try {
    const { done, value: event } = await events.read();
    if (done) return { text: "", isLast: true };
    return { text: textOf(event), isLast: event.type === "end" || event.type === "error" };
  } catch (error) {
    await events.cancel(error).catch(() => {}); // it has failed already, or a chunk is no JSON
    // the stream has not failed, but the store: the client connects again
    const isCutOff = error instanceof PerdureError && /^(?:STORE|SQLITE)_/.test(error.code);
    return { text: isCutOff ? "" : textOf({ type: "error", error }), isLast: true };
  }
}

/** Without a number, a client that connects again has no last event. */
const idOf = ({ index }: StreamReset): string => (index < 0 ? "id:" : `id: ${index}`);

function textOf(event: StreamEvent): string {
  switch (event.type) {
    case "chunk":
      return `id: ${event.index}\ndata: ${jsonOf(event.value)}\n\n`;
    case "reset":
      return `${idOf(event)}\nevent: reset\ndata: ${jsonOf({ from: event.from, part: event.part })}\n\n`;
    case "end":
      return "event: end\ndata: {}\n\n";
    case "error":
      return `event: error\ndata: ${jsonOf({ message: headlineOf(event.error) })}\n\n`;
  }
}

/** JSON has no line breaks. */
const jsonOf = (value: unknown): string => JSON.stringify(value) ?? "null";
