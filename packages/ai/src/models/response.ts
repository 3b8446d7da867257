import { attemptHere } from "../run/in-run.ts";

interface Response {
  readonly id?: string | undefined;
  readonly timestamp?: Date | undefined;
  readonly modelId?: string | undefined;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** Of a result of any kind of model: the parts that concern the request and the response. */
export interface WithResponse {
  readonly request?: unknown;
  readonly response?: Response | undefined;
}

/**
 * What the AI SDK makes up anew in each replay, unless the result has it. The key is the same in each attempt of the step, and no other step has it.
 */
const identityOf = ({ id, timestamp, modelId }: Response, ofModel: string): Response => ({
  id: id ?? attemptHere()?.idempotencyKey,
  timestamp: timestamp ?? new Date(),
  modelId: modelId ?? ofModel,
});

/**
 * What is recorded of a result: all but the request, and without the headers and the body of the response, which may hold secrets and would repeat the whole conversation in each
 * step.
 */
export function withoutTransport<R extends WithResponse>(result: R, modelId: string): R {
  if (!attemptHere()) return result;
  const { request: _request, response, ...rest } = result;
  const { headers: _headers, body: _body, ...kept } = response ?? {};
  return { ...rest, response: { ...kept, ...identityOf(kept, modelId) } } as unknown as R;
}

/** A part of a stream of a language model, of any version of the provider interface. */
export interface Part {
  readonly type: string;
  readonly id?: string | undefined;
  readonly delta?: string;
  readonly error?: unknown;
  readonly usage?: unknown;
  readonly [key: string]: unknown;
}

/** The parts, of which one tells the id and the time of the response: for what is missing the AI SDK would make something up in each replay. */
export function withIdentity(parts: readonly Part[], modelId: string): Part[] {
  const at = parts.findIndex(({ type }) => type === "response-metadata");
  const told = parts[at] ?? { type: "response-metadata" };
  const metadata = { ...told, ...identityOf(told, modelId) };
  if (at >= 0) return parts.with(at, metadata);
  return parts.toSpliced(parts[0]?.type === "stream-start" ? 1 : 0, 0, metadata);
}
