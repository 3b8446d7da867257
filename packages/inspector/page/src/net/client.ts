import { signal, type Signal } from "@preact/signals";
import type {
  ActionAnswer,
  ActionBody,
  ActionName,
  Problem,
  ScheduleActionBody,
  ScheduleActionName,
} from "../../../src/api.ts";

/** An answer of the API that is no success. */
class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, { error }: Problem) {
    super(error.message);
    this.status = status;
    this.code = error.code;
  }
}

/** Parameters of a path. What is undefined is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Calls the API. Addresses are relative, so the page works wherever it is mounted. */
export class Client {
  /** The API wants a token that the page does not have. */
  readonly isLocked: Signal<boolean> = signal(false);
  private token: string | undefined;

  constructor(token: string | undefined) {
    this.token = token;
  }

  unlock(token: string): void {
    this.token = token;
    this.isLocked.value = false;
  }

  /**
   * @returns what `api.ts` says of the path: page and API are parts of one package, and are served together
   * @throws ProblemError
   */
  async get<T>(path: string, params: Query | URLSearchParams, abort?: AbortSignal): Promise<T> {
    const response = await this.open(path, params, abort);
    return (await response.json()) as T;
  }

  /** @throws ProblemError */
  act(action: ActionName, body: ActionBody): Promise<ActionAnswer> {
    return this.post(`api/actions/${action}`, body);
  }

  /** @throws ProblemError */
  actOnSchedule(action: ScheduleActionName, schedule: string): Promise<ActionAnswer> {
    return this.post(`api/schedule-actions/${action}`, { schedule });
  }

  private async post(path: string, body: ActionBody | ScheduleActionBody): Promise<ActionAnswer> {
    const response = await this.send(path, {
      method: "POST",
      headers: { ...this.headers(), "content-type": "application/json", "x-perdure-inspector": "1" },
      body: JSON.stringify(body),
    });
    return (await response.json()) as ActionAnswer;
  }

  /** A response whose body is not read yet. */
  open(path: string, params: Query | URLSearchParams, abort?: AbortSignal): Promise<Response> {
    const query = params instanceof URLSearchParams ? params : new URLSearchParams(definedOf(params));
    return this.send(`api/${path}${query.size > 0 ? `?${query.toString()}` : ""}`, {
      headers: this.headers(),
      ...(abort && { signal: abort }),
    });
  }

  private headers(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...init });
    if (response.ok) return response;
    if (response.status === 401) this.isLocked.value = true;
    throw new ProblemError(response.status, await problemOf(response));
  }
}

const definedOf = (params: Query): [string, string][] =>
  Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));

/** The problem that a response tells of, also where something between the page and the API answered. */
async function problemOf(response: Response): Promise<Problem> {
  const code = String(response.status);
  try {
    const { error } = (await response.json()) as Partial<Problem>;
    if (error) return { error };
  } catch {
    // it is not of the API
  }
  return { error: { code, message: `The server answered ${code} ${response.statusText}`.trim() } };
}

/** An error as one sentence for people. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ProblemError) return error.message;
  return error instanceof TypeError ? "The inspector's server cannot be reached." : String(error);
}

/** Whether the API did not find what it was asked for: it may have been deleted meanwhile. */

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";
