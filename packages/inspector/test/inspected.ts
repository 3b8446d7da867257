import { onTestFinished } from "vitest";
import { close, configure, memoryStore, type RuntimeOptions, type Store } from "perdure";
import { inspectorHandler, type InspectorOptions } from "../src/index.ts";
import type { Problem } from "../src/api.ts";

/** Asks the inspector as its page does. */
export interface Inspected {
  readonly store: Store;
  /** The answer to any request. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The body of a GET that is answered with 200. */
  get<T>(path: string, query?: Record<string, string>): Promise<T>;
  /** The body of an action that is answered with 200. */
  act<T>(name: string, body: object): Promise<T>;
  /** Status and code of a request that is refused. */
  refused(path: string, init?: RequestInit): Promise<[number, string]>;
}

export const origin = "http://localhost:3000";

export const action = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", "x-perdure-inspector": "1", origin, ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** An inspector of a program with a store in memory. */
export function inspect(options: Partial<InspectorOptions> = {}, runtime: RuntimeOptions = {}): Inspected {
  const store = memoryStore();
  configure({ store, logLevel: "silent", pollInterval: "20ms", ...runtime });
  onTestFinished(close);
  const handler = inspectorHandler({ authorize: () => true, ...options });
  const fetch: Inspected["fetch"] = (path, init) => handler(new Request(`${origin}/__perdure/${path}`, init));
  const body = async <T>(response: Response): Promise<T> => {
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    store,
    fetch,
    get: async (path, query = {}) => body(await fetch(`api/${path}?${new URLSearchParams(query)}`)),
    act: async (name, sent) => body(await fetch(`api/actions/${name}`, action(sent))),
    async refused(path, init) {
      const response = await fetch(path, init);
      return [response.status, ((await response.json()) as Problem).error.code];
    },
  };
}
