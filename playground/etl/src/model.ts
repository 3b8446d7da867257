/** A downloaded file, and its number of rows. */
export interface Source {
  readonly path: string;
  readonly rows: number;
}

/** Rows `from` to `to` (exclusive) of a file. Tasks get a chunk as an argument instead of the rows themselves. */
export interface Chunk {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface Flight {
  readonly origin: string;
  readonly destination: string;
  /** Hour of the departure, 0 to 23. */
  readonly hour: number;
  /** Minutes. Negative if the flight left early. */
  readonly delay: number;
  readonly miles: number;
}

export interface Airport {
  readonly code: string;
  readonly name: string;
  readonly state: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** A flight and its airport of departure. */
export interface Departure {
  readonly flight: Flight;
  readonly airport: Pick<Airport, "code" | "name" | "state">;
}

/** The departures of one airport, added up. */
export interface Tally {
  readonly code: string;
  readonly name: string;
  readonly state: string;
  readonly flights: number;
  /** Flights that left more than 15 minutes late. */
  readonly late: number;
  readonly minutes: number;
}

/** Tallies by the airport's code. */
export type Tallies = Readonly<Record<string, Tally>>;

export interface Route {
  readonly to: string;
  readonly flights: number;
}

export interface Profile {
  readonly airport: Tally;
  readonly busiestRoute: string;
  readonly farthest: string;
  readonly kilometers: number;
}

/** Interesting facts about a data set, one sentence each. */
export interface Gist {
  readonly title: string;
  readonly sentences: readonly string[];
}

export interface Approval {
  readonly by: string;
}
