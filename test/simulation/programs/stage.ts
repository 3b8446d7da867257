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

/** The world, as the simulated programs see it. */
export interface Stage {
  /** One attempt of the calling task begins; resolves or rejects when it ends. `inside` is done at its end. */
  attempt(deed: Deed, retries: number, place?: Place): Promise<void>;
  attempt<T>(deed: Deed, retries: number, place: Place, inside: () => Promise<T>): Promise<T>;
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
