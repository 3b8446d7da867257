import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

/** A way of data: from the client to the server, or back. */
type Way = "out" | "back";

const OPPOSITE = { out: "back", back: "out" } as const;

/** Statements by their names in the protocol, with what they do. Programs of all processes give the same statement the same name. */
const statements = new Map<string, string>();
const WRITES = /^\s*INSERT|"\.(?:commit|claim\w*|create_runs|renew|deliver)\(/u;

/**
 * The network between one process and the server. Everything passes it, until a test disturbs it. What is swallowed is not lost for good, as with TCP: it arrives
 * when the disturbance ends, unless the connection is cut.
 */
export class Proxy {
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  private readonly swallowed = new Set<Way>();
  /** The port of the server. Connections that are made from now on go there. */
  target: number;
  /** New connections are reset. */
  refuses = false;
  /** Milliseconds that each piece of data takes. */
  delay: (() => number) | undefined;
  /** What the server says to sessions that listen does not arrive. */
  isDeaf = false;
  /** Of so many writes that the server does next, the answer is dropped and the connection cut. */
  unacknowledged = 0;
  /** How many acknowledgements were lost. */
  lost = 0;

  private constructor(target: number) {
    this.target = target;
    this.server = createServer((client) => {
      if (this.refuses) return void client.resetAndDestroy();
      const connection = new Connection(this, client);
      this.connections.add(connection);
      connection.closed.finally(() => this.connections.delete(connection));
    });
  }

  static async to(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((done) => proxy.server.listen(0, "127.0.0.1", done));
    return proxy;
  }

  /** The URL of the server, by this way. */
  url(url: string): string {
    const { port } = this.server.address() as AddressInfo;
    return Object.assign(new URL(url), { port: String(port) }).href;
  }

  swallows(way: Way): boolean {
    return this.swallowed.has(way);
  }

  /** Holds what goes these ways, also the end of a connection. */
  swallow(...ways: readonly Way[]): void {
    for (const way of ways) this.swallowed.add(way);
  }

  /** Everything passes again: what was swallowed arrives late. */
  heal(): void {
    this.swallowed.clear();
    this.refuses = false;
    this.delay = undefined;
    this.isDeaf = false;
    this.unacknowledged = 0;
    for (const connection of this.connections) connection.deliver();
  }

  /** Ends all connections. */
  cut(): void {
    for (const connection of this.connections) connection.cut();
  }

  close(): void {
    this.server.close();
    this.cut();
  }
}

/** One connection of a client, and the one to the server that belongs to it. */
class Connection {
  readonly closed: Promise<unknown>;
  private readonly proxy: Proxy;
  private readonly ends: Record<Way, Socket>;
  /** What is on its way, in order. Undefined: the sender has ended. */
  private readonly held: Record<Way, (Buffer | undefined)[]> = { out: [], back: [] };
  private readonly isSending = { out: false, back: false };
  private listens = false;
  /** The server does a write whose answer must not arrive. */
  private isUnacknowledged = false;

  constructor(proxy: Proxy, client: Socket) {
    this.proxy = proxy;
    this.ends = { out: connect(proxy.target, "127.0.0.1"), back: client };
    const closings = (["out", "back"] as const).map((way) => {
      const sender = this.ends[OPPOSITE[way]];
      sender.setNoDelay(true);
      sender.on("error", () => {});
      sender.on("data", (data: Buffer) => this.pass(way, data));
      return new Promise<void>((done) =>
        sender.once("close", () => {
          this.pass(way, undefined);
          done();
        }),
      );
    });
    this.closed = Promise.all(closings);
  }

  cut(): void {
    for (const end of Object.values(this.ends)) end.resetAndDestroy();
  }

  deliver(): void {
    for (const way of ["out", "back"] as const) void this.send(way);
  }

  private pass(way: Way, data: Buffer | undefined): void {
    if (data && way === "out") this.read(data);
    if (data && way === "back") {
      if (this.isUnacknowledged) {
        this.proxy.lost++;
        return this.cut();
      }
      if (this.listens && this.proxy.isDeaf) return;
    }
    this.held[way].push(data);
    void this.send(way);
  }

  private async send(way: Way): Promise<void> {
    if (this.isSending[way]) return;
    this.isSending[way] = true;
    const { proxy } = this;
    while (this.held[way].length > 0 && !proxy.swallows(way)) {
      if (proxy.delay) await setTimeout(proxy.delay());
      if (proxy.swallows(way)) break;
      const data = this.held[way].shift();
      if (data) this.ends[way].write(data);
      else this.ends[way].destroy();
    }
    this.isSending[way] = false;
  }

  /** Notes what the client wants, by the messages Parse, Bind and Query: https://www.postgresql.org/docs/current/protocol-message-formats.html */
  private read(data: Buffer): void {
    const text = data.toString("latin1");
    if (text.includes("LISTEN ")) this.listens = true;
    for (const [, name = "", sql = ""] of text.matchAll(/(perdure_[0-9a-f]{24})\0([^\0]{8,})\0/gu))
      statements.set(name, sql);
    const isWrite = [...text.matchAll(/\0(perdure_[0-9a-f]{24})\0/gu)].some(([, name = ""]) =>
      WRITES.test(statements.get(name) ?? ""),
    );
    if (isWrite && this.proxy.unacknowledged > 0) {
      this.proxy.unacknowledged--;
      this.isUnacknowledged = true;
    }
  }
}
