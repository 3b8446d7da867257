import { setTimeout } from "node:timers/promises";

/** What the page knows as well: a chunk of the AI SDK's user interfaces. */
export interface Chunk {
  readonly type: string;
  readonly id?: string;
  readonly delta?: string;
  readonly toolName?: string;
}

/** Watches a run as the page does: connects again when the server is away, and continues after the last chunk that it has seen. */
export class Viewer {
  readonly chunks = new Map<number, Chunk>();
  /** How often it had to connect, and how often it was told that chunks are void. */
  connections = 0;
  resets = 0;
  /** Indexes that it has received although it has them: none, if nothing is repeated. */
  readonly repeated: number[] = [];
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  private readonly url: string;
  private readonly onChunk: (chunk: Chunk) => void;

  constructor(url: string, onChunk: (chunk: Chunk) => void) {
    this.url = url;
    this.onChunk = onChunk;
    this.ended = this.watch();
  }

  /** What stands on the screen. */
  get text(): string {
    return [...this.chunks]
      .sort(([a], [b]) => a - b)
      .map(([, { delta, type }]) => (type === "text-delta" ? (delta ?? "") : type === "text-end" ? "\n" : ""))
      .join("");
  }

  private async watch(): Promise<void> {
    let last: number | undefined;
    for (;;) {
      try {
        const headers: Record<string, string> = last === undefined ? {} : { "last-event-id": String(last) };
        const { body } = await fetch(this.url, { headers });
        if (!body) throw new Error("no answer");
        this.connections++;
        for await (const { id, event, data } of eventsOf(body)) {
          if (event === "end") return;
          if (event === "error") throw new Failed((JSON.parse(data) as { message: string }).message);
          if (id === undefined) continue;
          if (event === "reset") this.reset((JSON.parse(data) as { from: number }).from);
          else this.receive(id, JSON.parse(data) as Chunk);
          last = id;
        }
      } catch (error) {
        if (error instanceof Failed) throw error;
      }
      await setTimeout(200); // the server is away
    }
  }

  private receive(index: number, chunk: Chunk): void {
    if (this.chunks.has(index)) this.repeated.push(index);
    this.chunks.set(index, chunk);
    this.onChunk(chunk);
  }

  /** One model call streams at a time, so what comes later than the first void chunk is void as well. */
  private reset(from: number): void {
    this.resets++;
    for (const index of this.chunks.keys()) if (index >= from) this.chunks.delete(index);
  }
}

class Failed extends Error {}

interface ServerEvent {
  readonly id: number | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** The events of a stream of server-sent events, without the comments. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>) {
    text += piece;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = new Map(
        text
          .slice(0, end)
          .split("\n")
          .map((line) => line.split(/: (.*)/su, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      const id = fields.get("id");
      const data = fields.get("data");
      if (data !== undefined) yield { id: id === undefined ? undefined : Number(id), event: fields.get("event"), data };
    }
  }
}
