import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { isIP, isIPv6, type AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { PerdureError } from "perdure";
import { checkOptions, programClient } from "perdure/tools";
import { answersOf, type InspectorOptions } from "./handler.ts";

export interface ServeOptions extends Pick<InspectorOptions, "hosts" | "root" | "maps"> {
  /** Default: any free one. */
  readonly port?: number;
  /** Default: a random one, made at each start. Your own, of 20 characters or more, keeps the address the same. */
  readonly token?: string;
  /** The address to listen at. Default `"127.0.0.1"`: only this machine can reach it. */
  readonly host?: string;
}

/** A server of the inspector. */
export interface InspectorServer {
  /** Its address with the token, for a browser. Whoever has it can see and change every run. */
  readonly url: string;
  readonly token: string;
  /** Ends it, with the connections of the pages that are open. */
  close(): Promise<void>;
}

/**
 * Serves the inspector for the store of the program, to those who know a random token: it is a part of the URL that browsers do not send, and
 * the page sends it with each request.
 *
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`; the error of Node when it cannot listen
 */
export async function serveInspector(options: ServeOptions = {}): Promise<InspectorServer> {
  checkOptions(
    options,
    { port: true, token: true, host: true, hosts: true, root: true, maps: true },
    "serveInspector()",
  );
  const {
    port = 0,
    host = "127.0.0.1",
    hosts = [],
    token = randomBytes(24).toString("base64url"),
    ...places
  } = options;
  // Node would listen at every address
  if (host === "") throw new PerdureError("OPTION_INVALID", { option: "host", value: '""', expected: "an address" });
  if (!/^[\w-]{20,}$/u.test(token))
    throw new PerdureError("OPTION_INVALID", {
      option: "token",
      value: `text of ${token.length} characters`,
      expected: "20 or more letters, digits, hyphens and underscores",
    });
  const expected = digest(`Bearer ${token}`);
  const authorize = (request: Request): boolean =>
    timingSafeEqual(digest(request.headers.get("authorization") ?? ""), expected);
  const named = isIP(host) === 0 ? [...hosts, host] : hosts; // a name that it is told to listen at is its own
  const answers = answersOf({
    ...places,
    hosts: named,
    client: programClient,
    authorize,
    isPagePublic: true,
    base: "",
  });
  const server = createAdaptorServer({ fetch: answers, overrideGlobalObjects: false });
  server.listen(port, host);
  await once(server, "listening");
  const { port: actual } = server.address() as AddressInfo;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : isIPv6(host) ? `[${host}]` : host;
  return {
    url: `http://${name}:${actual}/#token=${token}`,
    token,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}

/** Of equal length for every text, so that two can be compared without telling how alike they are. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
