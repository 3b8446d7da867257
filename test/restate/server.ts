import { createRequire } from "node:module";
import { join } from "node:path";
import { freePort, ServerProcess } from "../servers.ts";

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
  const child = new ServerProcess("perdure-restate");
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...process.env,
    RESTATE_BASE_DIR: join(child.home, "data"),
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
  const server: RestateServer = {
    url: `http://127.0.0.1:${ingress}`,
    admin: `http://127.0.0.1:${admin}`,
    async start() {
      const isReady = async (): Promise<boolean> =>
        (await isHealthy(`${server.admin}/health`)) && (await isHealthy(`${server.url}/restate/health`));
      if (!(await child.start(binary, ["--no-logo"], isReady, { env })))
        throw new Error(`Restate did not start:\n${child.log}`);
    },
    kill: () => child.end("SIGKILL"),
    remove: () => child.remove("SIGKILL"),
  };
  await server.start();
  return server;
}

const isHealthy = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
