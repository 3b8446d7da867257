import { execFileSync } from "node:child_process";
import { chownSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort, ServerProcess } from "../servers.ts";
import { binaries, user } from "./binaries.ts";

export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  /** The folder of its data. */
  readonly data: string;
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>;
  /** Ends it as an administrator would: connections are closed, everything is written. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash of the machine would be. */
  kill(): Promise<void>;
  /** Stops it, and deletes its data. */
  remove(): Promise<void>;
}

export interface ServerOptions {
  /** The folder of its programs. */
  readonly bin?: string | undefined;
  /** Commits reach the disk. Off by default: tests that do not cut the power need none of it. */
  readonly durable?: boolean;
  /** Further settings, such as `{ max_connections: "20" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** It begins as a standby of this server, which is stopped for a moment, and can only be read until it is promoted. */
  readonly follows?: PostgresServer;
}

/** A PostgreSQL server of its own, on a free port of this machine, with the superuser `postgres` and no password. */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const { bin = binaries(), durable = false, settings = {}, follows } = options;
  if (bin === undefined) throw new Error("there are no programs of PostgreSQL for this platform");
  const child = new ServerProcess("perdure-postgres");
  const { home } = child;
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid);
  const data = join(home, "data");
  const init = [
    "-D",
    data,
    "-U",
    "postgres",
    "-E",
    "UTF8",
    "--locale=C",
    "--auth=trust",
    "--no-sync",
    "--no-instructions",
  ];
  const prepare = (program: string, args: readonly string[]): unknown =>
    execFileSync(program, args, { ...user, stdio: ["ignore", "ignore", "pipe"], cwd: home });
  if (follows) {
    await follows.stop();
    prepare("cp", ["-a", follows.data, data]);
    prepare("touch", [join(data, "standby.signal")]);
    await follows.start();
  } else prepare(join(bin, "initdb"), init);
  const port = await freePort();
  const all = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    shared_buffers: "64MB",
    deadlock_timeout: "100ms",
    ...(!durable && { fsync: "off", full_page_writes: "off" }),
    ...(follows && { primary_conninfo: `host=127.0.0.1 port=${follows.port} user=postgres` }),
    ...settings,
  };
  const server: PostgresServer = {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    data,
    async start() {
      const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      // after a crash, the processes of the old server may need a moment to notice it
      for (let tries = 1; ; tries++) {
        if (await child.start(join(bin, "postgres"), ["-D", data, ...args], () => answers(port), user)) return;
        if (tries === 20) throw new Error(`PostgreSQL did not start:\n${child.log}`);
        await setTimeout(100);
      }
    },
    stop: () => child.end("SIGINT"),
    kill: () => child.end("SIGKILL"),
    remove: () => child.remove("SIGQUIT"),
  };
  await server.start();
  return server;
}

/** Whether it lets somebody in: a server that still starts answers as well, but with an error. */
export function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
    socket.once("connect", () => socket.write(startupMessage()));
    socket.once("data", (answer) => {
      done(answer[0] === 0x52); // R: it asks for, or waives, authentication
      socket.destroy();
    });
  });
}

/** The first message of a session of the user `postgres`: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function startupMessage(): Buffer {
  const words = Buffer.from("user\0postgres\0database\0postgres\0\0");
  const head = Buffer.alloc(8);
  head.writeInt32BE(words.length + 8, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, words]);
}
