import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { isIP } from "node:net";
import { refusal } from "./refusal.ts";

/** Every request that changes something has it. A page of another origin cannot send it without being asked first, which is refused. */
const ACTION_HEADER = "x-perdure-inspector";

/** The page loads nothing from elsewhere, runs no inline script, and cannot be framed. */
export const headers: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
  strictTransportSecurity: false, // this is for the server that it is mounted in to say
});

const hostOf = (request: Request): string => request.headers.get("host") ?? new URL(request.url).host;

/**
 * Refuses names that are not listed: a page whose name was made to lead here (DNS rebinding) would be of the same origin. A numeric address is
 * nobody's name.
 */
export const knownHosts =
  (hosts: readonly string[]): MiddlewareHandler =>
  async ({ req }, next) => {
    const host = hostOf(req.raw);
    const name = parsed(`http://${host}`)?.hostname.toLowerCase() ?? "";
    if (
      isIP(name.replace(/^\[|\]$/gu, "")) === 0 &&
      name !== "localhost" &&
      !hosts.some((known) => isNamed(name, known))
    )
      throw refusal(
        403,
        "HOST_UNKNOWN",
        `the inspector is not known under the name ${host}\n  → add it: inspectorHandler({ hosts: ["${name}"] }), or --allow-host ${name}`,
      );
    await next();
  };

/** Whether `known` is the name, or a domain such as `.example.com` that it is, or is part of. */
const isNamed = (name: string, known: string): boolean =>
  name === known || (known.startsWith(".") && `.${name}`.endsWith(known));

/** Refuses what a page of another origin asks for: only its address bar and links may lead here. */
export const sameOrigin: MiddlewareHandler = async ({ req }, next) => {
  const site = req.header("sec-fetch-site") ?? "none";
  const isNavigation =
    req.header("sec-fetch-mode") === "navigate" && req.method === "GET" && !req.path.includes("/api/");
  if (site !== "same-origin" && site !== "none" && !isNavigation)
    throw refusal(403, "ORIGIN_OTHER", "a page of another origin asked for this");
  const origin = req.header("origin");
  if (origin !== undefined && parsed(origin)?.host !== hostOf(req.raw))
    throw refusal(403, "ORIGIN_OTHER", `a page of ${origin} asked for this`);
  await next();
};

/** Refuses an action that a form or a link of another page could have sent. */
export const deliberate: MiddlewareHandler = async ({ req }, next) => {
  if (req.header(ACTION_HEADER) !== "1")
    throw refusal(403, "HEADER_MISSING", `an action needs the header ${ACTION_HEADER}: 1`);
  if (req.header("content-type")?.split(";")[0]?.trim().toLowerCase() !== "application/json")
    throw refusal(415, "BODY_INVALID", "an action needs a body of the type application/json");
  await next();
};

function parsed(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
