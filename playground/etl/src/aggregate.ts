import { journal } from "./journal.ts";
import type { Departure, Tallies, Tally } from "./model.ts";

/** Adds up the departures of a chunk, by airport. */
export async function aggregate(departures: readonly Departure[]): Promise<Tallies> {
  "use task";
  return journal(() => departures.map(tallyOf).reduce(merge, {}));
}

/** Adds up two tallies. It is not a task, because it is fast and deterministic. */
export function merge(some: Tallies, more: Tallies): Tallies {
  const merged = { ...some };
  for (const tally of Object.values(more)) merged[tally.code] = add(tally, merged[tally.code]);
  return merged;
}

const tallyOf = ({ flight, airport }: Departure): Tallies => ({
  [airport.code]: { ...airport, flights: 1, late: flight.delay > 15 ? 1 : 0, minutes: flight.delay },
});

const add = (tally: Tally, other?: Tally): Tally => ({
  ...tally,
  flights: tally.flights + (other?.flights ?? 0),
  late: tally.late + (other?.late ?? 0),
  minutes: tally.minutes + (other?.minutes ?? 0),
});

export const busiest = (tallies: Tallies, count: number): Tally[] =>
  Object.values(tallies)
    .sort((a, b) => b.flights - a.flights || a.code.localeCompare(b.code))
    .slice(0, count);
