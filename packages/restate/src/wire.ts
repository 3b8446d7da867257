import { TerminalError } from "@restatedev/restate-sdk";
import type { Encoded, FinalStatus } from "perdure/engine";

/** What a run is started with. Values are encoded by the runtime's codec. */
export interface Start {
  readonly input: Encoded;
  /** Fingerprint of the input: a call with the same id and another one is an error. */
  readonly inputHash: string;
  readonly parent?: string;
}

/** What the handler of a run returns. A failed run is a completed invocation: Restate would try a failing one again. */
export interface End {
  readonly status: FinalStatus;
  readonly output: Encoded;
  readonly inputHash: string;
  /** When it ended, in milliseconds since 1970. */
  readonly at: number;
}

/** A message for a run. */
export interface Delivery {
  readonly name: string;
  readonly payload: Encoded;
}

/** A message as the run gets it. */
export interface Payload {
  readonly payload: Encoded;
  readonly at: number;
}

/** A request to cancel a run. */
export interface CancelRequest {
  readonly reason: Encoded;
}

/** The same as the run gets it. */
export interface Cancel extends CancelRequest {
  readonly at: number;
}

/** The handlers of the service of a workflow. */
export const handlers = { run: "run", complete: "complete", cancel: "cancel", about: "about" } as const;

/** The durable promise of the cancellation of a run. */
export const CANCEL = "{cancel}";

/** The durable promise of one message of a signal. */
export const signalPromise = (name: string, slot: number): string => `signal:${slot}:${name}`;

/** Names of state that a run keeps. */
export const state = { about: "about", ended: "ended" } as const;

/** The service of a workflow. Restate allows letters, digits, dots, hyphens and underscores in its name. */
export const serviceOf = (workflow: string): string =>
  workflow
    .replace(/[^\w.-]/gu, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}`)
    .replace(/^(?![a-zA-Z])/, "W");

/**
 * The input of a run, as `restate(url).start()` and parents send it, or a list of arguments in JSON, as anybody may send it.
 * @param started - makes the first of the second
 */
export function startOf(body: unknown, started: (args: readonly unknown[]) => Start): Start {
  if (Array.isArray(body)) return started(body);
  if (isObject(body) && typeof body["input"] === "string" && typeof body["inputHash"] === "string")
    return body as unknown as Start;
  throw new TerminalError("the input has to be a list with the arguments of the workflow", { errorCode: 400 });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
