/** An event of a `text/event-stream`. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** Reads server-sent events from pieces of text that may be cut anywhere. Comments (heartbeats) and fields that nobody needs are left out. */
export class EventLines {
  private rest = "";
  private name = "";
  private data: string[] = [];

  /** The events that have ended with this piece. */
  push(piece: string): ServerEvent[] {
    const text = this.rest + piece;
    // a line break of two characters may be cut between them
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/u);
    this.rest = (lines.pop() ?? "") + text.slice(end);
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerEvent[] {
    if (line === "") return this.end();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /u, "");
    if (field === "event") this.name = value;
    if (field === "data") this.data.push(value);
    return [];
  }

  private end(): ServerEvent[] {
    const { name, data } = this;
    this.name = "";
    this.data = [];
    return name === "" && data.length === 0 ? [] : [{ name: name === "" ? "message" : name, data: data.join("\n") }];
  }
}
