import { getRequestListener } from "@hono/node-server";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import { PerdureError } from "perdure";
import { checkOptions, programClient } from "perdure/tools";
import { createApp, type Authorize } from "./http/app.ts";
import { Changes } from "./http/changes.ts";
import { sourceFinder } from "./show/index.ts";
import { clientOf, type ClientSource } from "./store-file.ts";

export interface InspectorOptions {
  /**
   * Whether a request may see the runs (`read`), or change them (`act`). There is no default: whoever may read sees what the program recorded, as
   * far as `configure({ redact })` shows it.
   */
  readonly authorize: Authorize;
  /**
   * The path that the handler is mounted at, for servers that pass on the whole path. Default `"/__perdure"`. Express and Connect cut it off
   * themselves: there it needs not be given.
   */
  readonly base?: string;
  /**
   * The names that the server is reached by, such as `admin.example.com`, or `.example.com` for all below it too. `localhost` and numeric addresses are always allowed. Requests for other
   * names are refused, so that no page can reach the inspector by a name of its own (DNS rebinding).
   */
  readonly hosts?: readonly string[];
  /** Another store than that of the program: only this one is then opened, and nothing is executed. */
  readonly store?: string;
  /** The project's root, for lines of sources. Default: the current directory. */
  readonly root?: string;
  /** Directories with the source maps of the build, for lines of sources where these are not below `root`. Default: that of the main script. */
  readonly maps?: readonly string[];
}

/** Answers requests of both kinds of servers. */
export interface InspectorHandler {
  /** For servers that are made of `fetch`: Hono, Next.js, Bun, Deno. */
  (request: Request): Promise<Response>;
  /** For `node:http`, Express, Connect, Fastify with `@fastify/middie`. */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
}

type Answers = (request: Request) => Promise<Response>;

/** What `inspectorHandler` and `serveInspector` have in common. */
interface Parts extends Omit<InspectorOptions, "store"> {
  readonly client: ClientSource;
  readonly isPagePublic: boolean;
}

/** The inspector's answers. */
export function answersOf({ client, authorize, base = "/__perdure", isPagePublic, ...places }: Parts): Answers {
  const { hosts = [], root = ".", maps = [dirname(process.argv[1] ?? ".")] } = places;
  const path = base.replace(/\/+$/u, "");
  const app = createApp({
    client,
    authorize,
    isPagePublic,
    base: path,
    hosts: hosts.map((host) => host.toLowerCase()),
    project: { root, find: sourceFinder({ root, maps }) },
    changes: new Changes(),
  });
  return async (request) =>
    path !== "" && new URL(request.url).pathname === path ? withSlash(path) : app.fetch(request);
}

/** A body as a parser of JSON, of text, or of bytes has left it. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** The page loads its files from beside it, so its own address ends with a slash. */
const withSlash = (path: string): Response => new Response(null, { status: 302, headers: { location: `${path}/` } });

/**
 * The inspector as a part of a server: its page and its API, for the store of the program.
 *
 * ```ts
 * const inspector = inspectorHandler({ authorize: (request) => isAdmin(request) });
 * app.use("/__perdure", inspector);                             // Express
 * app.all("/__perdure/*", (context) => inspector(context.req.raw)); // Hono
 * ```
 *
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID` without `authorize`
 */
export function inspectorHandler(options: InspectorOptions): InspectorHandler {
  const names = { authorize: true, base: true, hosts: true, store: true, root: true, maps: true } as const;
  const { store, ...rest } = checkOptions(options, names, "inspectorHandler()");
  if (typeof options.authorize !== "function")
    throw new PerdureError("OPTION_INVALID", {
      option: "authorize",
      value: String(options.authorize),
      expected: "a function that says whether a request may see or change runs",
    });
  const client = store === undefined ? programClient : clientOf(store);
  const answer = answersOf({ ...rest, client, isPagePublic: false });
  const listener = getRequestListener(answer, { overrideGlobalObjects: false });
  function handler(
    request: Request | IncomingMessage,
    response?: ServerResponse,
    next?: (error?: unknown) => void,
  ): unknown {
    if (!response) return answer(request as Request);
    const incoming = request as IncomingMessage & { originalUrl?: string; body?: unknown; rawBody?: Buffer };
    const mounted = incoming.originalUrl?.split("?", 1)[0];
    if (mounted !== undefined && incoming.url?.split("?", 1)[0] === "/" && !mounted.endsWith("/")) {
      response.writeHead(302, { location: `${mounted}/` }).end();
      return undefined;
    }
    // a middleware before this one may have read the body
    if (incoming.readableEnded && incoming.body !== undefined) incoming.rawBody ??= bytesOf(incoming.body);
    void listener(incoming, response).catch((error: unknown) => next?.(error));
    return undefined;
  }
  return handler as InspectorHandler;
}
