/** What an attempt does, besides taking its time. */
export type Deed =
  | "works"
  | "works long"
  | "fails at first"
  | "always fails"
  | "fails until the run is tried again"
  | "kills its process"
  | "blocks the event loop";

/** The queue whose slot an attempt needs, and the key that it has there. */
export interface Place {
  readonly queue: string;
  readonly key?: string;
}

/** What a task writes to a stream, and how. */
export interface Telling {
  readonly chunks: number;
  readonly deed?:
    | "works"
    | "works long"
    | "fails at first"
    | "fails at times"
    | "always fails"
    | "fails until the run is tried again";
  readonly keep?: boolean;
  /** What it does after its chunks, or before it fails. */
  readonly end?: "closes" | "aborts";
  /** It awaits that a reader has received each chunk. */
  readonly awaitsReader?: boolean;
  /** How many chunks the body has written to the stream before. */
  readonly after?: number;
}

/** What a task has written. */
export interface Told {
  readonly stream: string;
  /** Counts the attempts of the step, in all executions. */
  readonly serial: number;
  /** How many: each counts from the call of `write()` on. */
  readonly chunks: number;
  readonly isClosed: boolean;
  readonly after: number;
}

/** A chunk of a workflow's body. */
export interface Spoken {
  readonly n: number;
  readonly text: string;
}

/** The world, as the simulated programs see it. */
export interface Stage {
  /** One attempt of the calling task begins; resolves or rejects when it ends. `inside` is done at its end. */
  attempt(deed: Deed, retries: number, place?: Place): Promise<void>;
  attempt<T>(deed: Deed, retries: number, place: Place, inside: () => Promise<T>): Promise<T>;
  /** One attempt of the calling task, which writes to a stream. `inside` is done before its last chunks. */
  tell(stream: string, telling: Telling, retries: number, inside?: () => Promise<unknown>): Promise<Told>;
  /** The body of a workflow begins, and kills its process the first `deaths` times. */
  bodyBegins(run: string, deaths: number): void;
}

let current: Stage | undefined;

export function setStage(stage: Stage | undefined): void {
  current = stage;
}

export function stage(): Stage {
  if (!current) throw new Error("no simulation is running");
  return current;
}
