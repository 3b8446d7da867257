import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { user } from "./binaries.ts";
import { answers, freePort, type PostgresServer } from "./server.ts";

const program = "/usr/sbin/pgbouncer";

/** Whether pgbouncer is installed: no npm package has it. */
export const hasPgbouncer = existsSync(program);

/** A pgbouncer before the server that gives each transaction any of a few connections. Returns its URL, and what ends it. */
export async function startPgbouncer(
  server: PostgresServer,
): Promise<{ readonly url: string; remove(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), "perdure-pgbouncer-"));
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
  const child = spawn(program, ["-q", file], { ...user, stdio: "ignore" });
  const exited = new Promise((done) => child.once("exit", done));
  const atExit = (): void => void child.kill("SIGKILL");
  process.once("exit", atExit);
  if (!(await answers(port, child))) throw new Error("pgbouncer did not start");
  return {
    url: server.url.replace(`:${server.port}`, `:${port}`),
    async remove() {
      process.off("exit", atExit);
      child.kill("SIGKILL");
      await exited;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
