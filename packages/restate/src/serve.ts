import { createServer } from "node:http2";
import { createEndpointHandler, type WorkflowDefinition as RestateWorkflow } from "@restatedev/restate-sdk";
import { configure, PerdureError, type RuntimeOptions } from "perdure";
import { currentRuntime, installed, keepRejections, workflowOf, type WorkflowDefinition } from "perdure/engine";
import type { Services } from "./children.ts";
import { noStore } from "./no-store.ts";
import { serviceFor, type ServiceOptions } from "./service.ts";
import { request } from "./http.ts";
import { serviceOf } from "./wire.ts";

type Workflow = (...args: never[]) => Promise<unknown>;

export interface ServeOptions extends ServiceOptions {
  /** The workflows to serve, with those that they call or start. */
  readonly workflows: readonly Workflow[];
  /** The port that Restate calls this program at. Default 9080; 0 is any free one. */
  readonly port?: number;
  /** The address to listen on. Default: all. */
  readonly host?: string;
  /** The URL of the server's admin API, such as `http://localhost:9070`: this program registers itself there. Default: it is registered by hand. */
  readonly admin?: string;
  /** The URL that the server reaches this program at. Default: `http://localhost:<port>`. */
  readonly url?: string;
  /** Options of the runtime, where the program has not called `configure()`. It needs no store. */
  readonly runtime?: Omit<RuntimeOptions, "store" | "durability">;
  /** Public keys of Restate that requests have to be signed with. */
  readonly identityKeys?: readonly string[];
}

/** A program that serves workflows. */
export interface Served {
  readonly port: number;
  /** Stops to listen. Runs continue where the server finds their workflows. */
  close(): Promise<void>;
}

/**
 * Serves compiled workflows to a server of Restate, which calls this program to execute them.
 * @throws PerdureError `RESTATE_NODE`, `RESTATE_NAME_TAKEN`, `RESTATE_UNSUPPORTED`, `RESTATE_REFUSED`, `RESTATE_UNREACHABLE`, `NOT_COMPILED`, `NOT_A_WORKFLOW`, `NOT_RECOVERABLE`
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const { workflows, port = 9080, host, admin, url, runtime = {}, identityKeys = [], ...service } = options;
  assertNode();
  if (!installed.runtime) configure({ ...runtime, store: noStore() });
  const services = restateServices(workflows, service);
  const handler = createEndpointHandler({
    services,
    identityKeys: [...identityKeys],
    logger: ({ level }, message, ...details) => log(level, message, details),
  });
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const endKeeping = keepRejections();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session.once("close", () => sessions.delete(session))));
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : port;
  const close = async (): Promise<void> => {
    endKeeping();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of sessions) session.destroy();
    await closed;
  };
  try {
    if (admin !== undefined) await register(admin, url ?? `http://localhost:${own}`);
  } catch (error) {
    await close();
    throw error;
  }
  return { port: own, close };
}

/**
 * The services of workflows, for an endpoint of your own (`restate.endpoint().bind(…)`, a lambda).
 * @throws PerdureError `RESTATE_NAME_TAKEN`, `RESTATE_UNSUPPORTED`, `NOT_COMPILED`, `NOT_A_WORKFLOW`, `NOT_RECOVERABLE`
 */
export function restateServices(
  workflows: readonly Workflow[],
  options: ServiceOptions = {},
): RestateWorkflow<string, unknown>[] {
  const served = new Map<string, WorkflowDefinition>();
  for (const each of workflows) {
    const definition = workflowOf(each);
    const service = serviceOf(definition.info.name);
    const other = served.get(service);
    if (other && other !== definition)
      throw new PerdureError("RESTATE_NAME_TAKEN", { service, locations: [other, definition].map(placeOf) });
    served.set(service, definition);
  }
  const definitions = new Set(served.values());
  const services: Services = {
    of: (definition) => (definitions.has(definition) ? serviceOf(definition.info.name) : undefined),
  };
  return [...served.values()].map((definition) => serviceFor(definition, services, options));
}

const placeOf = ({ module, info }: WorkflowDefinition): string => `${info.name} (${module.file})`;

function assertNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 12))
    throw new PerdureError("RESTATE_NODE", { node: process.versions.node });
}

/** The SDK's messages go where those of the runtime go, at its level. */
function log(level: string, message: unknown, details: readonly unknown[]): void {
  const text = [message, ...details].map((each) => (each instanceof Error ? each.message : String(each))).join(" ");
  const { log: logger } = currentRuntime();
  if (level === "error") logger.error(`Restate: ${text}`, {});
  else if (level === "warn") logger.warn(`Restate: ${text}`, {});
  else logger.debug(`Restate: ${text}`, {});
}

/** Registers this program, in place of what was registered with this URL before. */
async function register(admin: string, uri: string): Promise<void> {
  await request(`${admin.replace(/\/$/, "")}/deployments`, { uri, force: true });
}
