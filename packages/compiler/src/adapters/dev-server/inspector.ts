import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { isIP } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ViteDevServer } from "vite";

/** Options of the inspector in a development server. */
export interface DevInspector {
  /** The store that it shows. Default: `$PERDURE_STORE`, or `sqlite:perdure.db`. */
  readonly store?: string;
}

type Next = (error?: unknown) => void;
type Handler = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

const BASE = "/__perdure";

/** By what they are made of. A server that restarts finds its own again, with the store that it has open. */
const handlers = new Map<string, Promise<Handler>>();

/**
 * The inspector of the project's own package `perdure`, at `/__perdure`, for this machine alone: it asks for no password. Behind a proxy or a tunnel
 * on this machine, whom these ask for counts. It opens the store beside the program, when somebody looks at it, and executes nothing.
 */
export function mountInspector(server: ViteDevServer, root: string, { store }: DevInspector): void {
  const path = inspectorOf(root);
  if (path === undefined) return;
  const { allowedHosts } = server.config.server;
  const load = (): Promise<Handler> => {
    const options = {
      base: BASE,
      root,
      hosts: Array.isArray(allowedHosts) ? allowedHosts : [],
      store: store ?? process.env["PERDURE_STORE"] ?? "sqlite:perdure.db",
    };
    const key = JSON.stringify([path, options]);
    const known = handlers.get(key);
    if (known) return known;
    const made = handlerOf(path, options);
    handlers.set(key, made);
    made.catch(() => handlers.delete(key)); // the next request tries again
    return made;
  };
  server.middlewares.use(BASE, (request: IncomingMessage, response: ServerResponse, next: Next) => {
    if (![request.socket.remoteAddress, ...forwardedFor(request)].every(isThisMachine)) {
      response.writeHead(403, { "content-type": "text/plain" }).end("The inspector answers this machine alone.\n");
      return;
    }
    load()
      .then((handle) => handle(request, response, next))
      .catch(next);
  });
  announce(server);
}

async function handlerOf(path: string, options: object): Promise<Handler> {
  const { inspectorHandler } = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as {
    inspectorHandler: (options: object) => Handler;
  };
  return inspectorHandler({ ...options, authorize: () => true });
}

/** Undefined: the project has no package `perdure`, or an older one. */
function inspectorOf(root: string): string | undefined {
  try {
    return createRequire(join(root, "package.json")).resolve("perdure/inspector");
  } catch {
    return undefined;
  }
}

/** Whom proxies and tunnels on this machine say that they ask for. */
function forwardedFor({ headers }: IncomingMessage): string[] {
  const standard = [...(headers.forwarded ?? "").matchAll(/for=([^;,]*)/giu)].map(([, address = ""]) => address);
  const others = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip"].flatMap((name) => headers[name] ?? []);
  return [...standard, ...others.flatMap((list) => list.split(","))];
}

/** @param address - such as `127.0.0.1`, `127.0.0.1:4711` or `"[::1]:4711"` */
function isThisMachine(address = ""): boolean {
  const [, six, four = address.trim()] = /^\s*"?(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::\d+)?"?\s*$/u.exec(address) ?? [];
  const plain = (six ?? four).replace(/^::ffff:/iu, "");
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

/** Adds the address to those that Vite prints when it has started. */
function announce(server: ViteDevServer): void {
  const print = server.printUrls.bind(server);
  server.printUrls = (): void => {
    print();
    const [local] = server.resolvedUrls?.local ?? [];
    if (local !== undefined) server.config.logger.info(`  ➜  Perdure: ${new URL(`${BASE}/`, local).href}`);
  };
}
