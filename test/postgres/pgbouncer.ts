import { chmodSync, chownSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, ServerProcess } from "../servers.ts";
import { user } from "./binaries.ts";
import { answers, type PostgresServer } from "./server.ts";

const program = "/usr/sbin/pgbouncer";

/** Whether pgbouncer is installed: no npm package has it. */
export const hasPgbouncer = existsSync(program);

/** A pgbouncer before the server that gives each transaction any of a few connections. Returns its URL, and what ends it. */
export async function startPgbouncer(
  server: PostgresServer,
): Promise<{ readonly url: string; remove(): Promise<void> }> {
  const child = new ServerProcess("perdure-pgbouncer");
  const { home } = child;
  const port = await freePort();
  const file = join(home, "pgbouncer.ini");
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
`,
  );
  if (user.uid !== undefined) for (const path of [home, file]) chownSync(path, user.uid, user.gid);
  chmodSync(home, 0o755);
  if (!(await child.start(program, ["-q", file], () => answers(port), user)))
    throw new Error(`pgbouncer did not start:\n${child.log}`);
  return {
    url: server.url.replace(`:${server.port}`, `:${port}`),
    remove: () => child.remove("SIGKILL"),
  };
}
