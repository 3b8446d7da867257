import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../postgres/server.ts";

/** The server's program; undefined where npm has none for this platform. */
export function restateBinary(): string | undefined {
  // the package of the platform is a dependency of this one
  const require = createRequire(createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json"));
  try {
    return require.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
  } catch {
    return undefined;
  }
}

export interface RestateServer {
  /** Where clients ask. */
  readonly url: string;
  /** Where programs register. */
  readonly admin: string;
  start(): Promise<void>;
  /** SIGKILL, as a crash of the machine would be. */
  kill(): Promise<void>;
  /** Stops it, and deletes its data. */
  remove(): Promise<void>;
}

/** A server of Restate of its own, on free ports of this machine. */
export async function startRestate(): Promise<RestateServer> {
  const binary = restateBinary();
  if (binary === undefined) throw new Error("npm has no server of Restate for this platform");
  const home = mkdtempSync(join(tmpdir(), "perdure-restate-"));
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...process.env,
    RESTATE_BASE_DIR: join(home, "data"),
    RESTATE_LISTEN_MODE: "tcp",
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    // the programs of the tests die often, and are there again at once
    RESTATE_DEFAULT_RETRY_POLICY__INITIAL_INTERVAL: "50ms",
    RESTATE_DEFAULT_RETRY_POLICY__MAX_INTERVAL: "500ms",
    RESTATE_DEFAULT_RETRY_POLICY__MAX_ATTEMPTS: "1000",
    RESTATE_DISABLE_TELEMETRY: "true",
    RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: "512MB",
    DO_NOT_TRACK: "1",
  };
  const log = join(home, "log");
  let child: ChildProcess | undefined;
  const end = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = new Promise((done) => running.once("exit", done));
    running.kill("SIGKILL");
    await exited;
  };
  const server: RestateServer = {
    url: `http://127.0.0.1:${ingress}`,
    admin: `http://127.0.0.1:${admin}`,
    async start() {
      const output = openSync(log, "a");
      const started = spawn(binary, ["--no-logo"], { env, cwd: home, stdio: ["ignore", output, output] });
      closeSync(output);
      child = started;
      for (const url of [`${server.admin}/health`, `${server.url}/restate/health`])
        while (!(await isHealthy(url))) {
          if (started.exitCode !== null)
            throw new Error(`Restate did not start:\n${readFileSync(log, "utf8").slice(-3_000)}`);
          await setTimeout(50);
        }
    },
    kill: end,
    async remove() {
      await end();
      process.off("exit", atExit);
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
  const atExit = (): void => {
    child?.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  };
  process.once("exit", atExit);
  await server.start();
  return server;
}

const isHealthy = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
