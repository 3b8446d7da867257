import { journal } from "./journal.ts";
import type { Airport, Departure, Flight, Source } from "./model.ts";
import { number, readRows, text, type Row } from "./rows.ts";

/** Adds the airport of departure to each flight. */
export async function join(flights: readonly Flight[], airports: Source): Promise<Departure[]> {
  "use task";
  return journal(async () => {
    const byCode = await airportsByCode(airports);
    return flights.flatMap((flight) => {
      const airport = byCode.get(flight.origin);
      return airport ? [{ flight, airport: { code: airport.code, name: airport.name, state: airport.state } }] : [];
    });
  });
}

export async function airportsByCode({ path }: Source): Promise<Map<string, Airport>> {
  return new Map((await readRows(path)).map((row) => [text(row, "iata"), toAirport(row)]));
}

const toAirport = (row: Row): Airport => ({
  code: text(row, "iata"),
  name: text(row, "name"),
  state: text(row, "state"),
  latitude: number(row, "latitude"),
  longitude: number(row, "longitude"),
});
