import { connect, createServer, type AddressInfo, type Server } from "node:net";
import type { Duplex } from "node:stream";

/** The way of one machine to the database. While it is cut, it swallows everything: nobody is told, as when a cable is pulled. */
export class Network {
  private isCut = false;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** @param target - the port of the database */
  static async to(target: number): Promise<Network> {
    const server = createServer();
    const network = new Network(server);
    server.on("connection", (near) => {
      const far = connect(target, "127.0.0.1");
      network.join(near, far);
      network.join(far, near);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    server.unref();
    return network;
  }

  private join(from: Duplex, to: Duplex): void {
    from.on("data", (data) => {
      if (!this.isCut) to.write(data);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }

  /** The same URL, by way of this network. */
  url(url: string): string {
    const through = new URL(url);
    through.port = String((this.server.address() as AddressInfo).port);
    return through.href;
  }

  cut(): void {
    this.isCut = true;
  }

  restore(): void {
    this.isCut = false;
  }
}
