import { PerdureError } from "@perdure/protocol";

/** The server rolled the transaction back, since another one was in its way: it can be tried again. */
const CONFLICTS = new Set(["40001", "40P01"]);

/** The server ends the session, starts or stops, takes no more sessions, or can only be read. */
const UNAVAILABLE = new Set(["57P01", "57P02", "57P03", "57P05", "57014", "53300", "25006", "55P03"]);

const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
  "ENOTFOUND",
]);

/** Errors that the driver makes itself have no code. */
const OF_DRIVER =
  /^(?:Query read timeout|Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error)/u;

/** The server does not let this user do that: a wrong password, no such database, no right. */
const REFUSED = /^(?:28|3D|3F|42501)/u;

/** The five characters by which PostgreSQL names an error (https://www.postgresql.org/docs/current/errcodes-appendix.html), or the name of an error of the network. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

export const isConflict = (error: unknown): boolean => CONFLICTS.has(codeOf(error));

/** A newer version of the schema has added a column since the statement was prepared: it is prepared anew on another connection. */
export const isOutdated = (error: unknown): boolean =>
  codeOf(error) === "0A000" && error instanceof Error && error.message.includes("cached plan");

/** Whether the user does not have a right that is needed. */
export const isForbidden = (error: unknown): error is PerdureError & { readonly cause: Error } =>
  error instanceof PerdureError && error.cause instanceof Error && codeOf(error.cause) === "42501";

/** Whether the connection is of no use any more: after a timeout, the answer of the old query would come as that of the next one. */
export function breaksConnection(error: unknown): boolean {
  const code = codeOf(error);
  return isOutdated(error) || !/^[0-9A-Z]{5}$/u.test(code) || code.startsWith("08") || code.startsWith("57P");
}

/** Whether pgbouncer refused the session, since it begins with settings. */
export const isPooled = (error: unknown): boolean =>
  error instanceof Error &&
  error.cause instanceof Error &&
  error.cause.message.includes("unsupported startup parameter");

/** Translates an error about the server or the way to it. Returns every other error unchanged. */
export function translate(error: unknown, name: string): unknown {
  if (!(error instanceof Error) || error instanceof PerdureError) return error;
  const code = codeOf(error);
  const detail = messageOf(error);
  if (UNAVAILABLE.has(code) || NETWORK.has(code) || code.startsWith("08") || OF_DRIVER.test(error.message))
    return new PerdureError("STORE_UNREACHABLE", { name, detail }, { cause: error });
  if (REFUSED.test(code)) return new PerdureError("STORE_REFUSED", { name, detail }, { cause: error });
  return error;
}

/** Where a name has several addresses, the message is empty and the errors are in a list. */
function messageOf(error: Error): string {
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message;
  return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(", ");
}
