import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Problem } from "../api.ts";

/** An answer with a status of 400 and more. */
class Refusal extends HTTPException {
  readonly code: string;

  constructor(status: ContentfulStatusCode, code: string, message: string) {
    super(status, { message });
    this.code = code;
  }
}

export const refusal = (status: ContentfulStatusCode, code: string, message: string): Refusal =>
  new Refusal(status, code, message);

/** The answer to a request that failed. */
export function answerTo(error: unknown, context: Context): Response {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const status = error instanceof HTTPException ? error.status : statusOf(code);
  return context.json({ error: { code, message } } satisfies Problem, status);
}

function codeOf(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  if (error instanceof HTTPException) return "REQUEST_INVALID";
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "ERROR";
}

/** What the code of an error of the runtime means for who asked. */
function statusOf(code: string): ContentfulStatusCode {
  if (code === "RUN_NOT_FOUND" || code === "STEP_NOT_FOUND" || code === "QUEUE_NOT_FOUND") return 404;
  if (code.startsWith("OPTION_") || code === "VALUE_NOT_STORABLE" || code === "RUN_ID_INVALID") return 400;
  if (code.startsWith("RUN_")) return 409;
  return /^(?:STORE|SQLITE|RUNTIME)_/u.test(code) ? 503 : 500;
}
