import {
  APICallError,
  InvalidArgumentError,
  InvalidPromptError,
  LoadAPIKeyError,
  LoadSettingError,
  NoSuchModelError,
  UnsupportedFunctionalityError,
} from "ai";
import { PerdureError, RetryableError } from "perdure";

const NAME = "AI_APICallError";
const MARKERS = ["vercel.ai.error", `vercel.ai.error.${NAME}`].map((name) => Symbol.for(name));

/** What the AI SDK and its providers may read of the headers of a response that was refused. Others may hold secrets. */
const KEPT_HEADERS = ["retry-after", "retry-after-ms", "x-request-id", "request-id"];

/**
 * What an attempt throws in place of a provider's error, so that its record holds no secrets and not the whole conversation. If the provider says when to try again, the next attempt waits
 * for that.
 */
export function forRecord(error: unknown): unknown {
  if (APICallError.isInstance(error)) {
    const recorded = withoutRequest(error);
    const retryAfter = error.isRetryable ? retryAfterOf(recorded.responseHeaders) : undefined;
    return retryAfter === undefined ? recorded : new RetryableError(error.message, { retryAfter, cause: recorded });
  }
  // the error of a gateway has that of the provider as its cause
  if (error instanceof Error && APICallError.isInstance(error.cause)) error.cause = withoutRequest(error.cause);
  return error;
}

/** The error without the body of the request, the headers of the response but for those of retries, and the query of the URL. */
function withoutRequest(error: APICallError): APICallError {
  const { message, url, statusCode, responseHeaders, responseBody, isRetryable, data, cause } = error;
  const recorded = new APICallError({
    message,
    url: url.replace(/[?#].*$/s, ""),
    requestBodyValues: {},
    isRetryable,
    responseHeaders: headersToKeep(responseHeaders),
    ...(statusCode !== undefined && { statusCode }),
    ...(responseBody !== undefined && { responseBody }),
    ...(data !== undefined && { data }),
    ...(cause !== undefined && { cause }),
  });
  if (error.stack !== undefined) recorded.stack = error.stack;
  return recorded;
}

const headersToKeep = (headers: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => KEPT_HEADERS.includes(name)),
  );

/** What `RetryableError` takes: milliseconds, or a date. Undefined where the provider says nothing that can be read. */
function retryAfterOf(headers: Record<string, string> = {}): number | Date | undefined {
  const milliseconds = Number(headers["retry-after-ms"] ?? NaN);
  if (milliseconds >= 0 && milliseconds < Infinity) return milliseconds;
  const after = headers["retry-after"]?.trim() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = new Date(/^[A-Z][a-z]{2}/.test(after) ? after : NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** What the model threw, before `forRecord` has wrapped it. */
export const thrownByModel = (error: unknown): unknown =>
  error instanceof RetryableError && isApiCallError(error.cause) ? error.cause : error;

/** Mistakes of the program. */
const MISTAKES = [
  InvalidArgumentError,
  InvalidPromptError,
  LoadAPIKeyError,
  LoadSettingError,
  NoSuchModelError,
  UnsupportedFunctionalityError,
];

/** Whether another attempt may help: not if the provider says that it will not, nor after an abort or a mistake. */
export function mayHelpAgain(error: unknown): boolean {
  if (isAbort(error) || error instanceof PerdureError || MISTAKES.some((type) => type.isInstance(error))) return false;
  return (error as { readonly isRetryable?: unknown } | null | undefined)?.isRetryable !== false;
}

/** What is recorded when the caller's `abortSignal` has ended the call: a replay cannot ask the signal. */
export const abortError = (cause: unknown): Error =>
  Object.assign(new Error("the call was aborted by its abortSignal", { cause }), { name: "AbortError" });

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/**
 * What the AI SDK gets for the recorded failure of a step: an `APICallError` is one again, and is not retryable, since the attempts of the step are over. (The SDK
 * would wait for a timer, which is not durable, and begin a second step.)
 */
export function forSdk(failure: unknown): unknown {
  const error = thrownByModel(failure);
  if (!isApiCallError(error)) return failure;
  Object.setPrototypeOf(error, APICallError.prototype as object);
  for (const marker of MARKERS) Object.defineProperty(error, marker, { value: true, configurable: true });
  return Object.assign(error, { isRetryable: false });
}

const isApiCallError = (error: unknown): error is Error => error instanceof Error && error.name === NAME;
