/** What an attempt does, besides taking its time. */
export type Deed =
  | "works"
  | "works long"
  | "fails at first"
  | "always fails"
  | "fails until the run is tried again"
  | "kills its process"
  | "blocks the event loop";

/** The world, as the simulated programs see it. */
export interface Stage {
  /** One attempt of the calling task begins; resolves or rejects when it ends. */
  attempt(deed: Deed, retries: number): Promise<void>;
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
