import { airportsByCode } from "./join.ts";
import { journal } from "./journal.ts";
import type { Airport, Profile, Route, Source, Tally } from "./model.ts";
import { number, readRows, text } from "./rows.ts";

/**
 * Three steps for one airport. Many of these run in parallel. No directive is needed, because the function only calls tasks. The code between
 * the calls runs again on replay.
 */
export async function profile(airport: Tally, routes: Source, airports: Source): Promise<Profile> {
  const departures = await routesFrom(airport.code, routes);
  const distances = await measure(airport.code, departures, airports);
  return describe(airport, departures, distances);
}

/** The ten busiest routes from an airport. */
async function routesFrom(code: string, routes: Source): Promise<Route[]> {
  "use task";
  return journal(async () => {
    const departures = (await readRows(routes.path)).filter((row) => text(row, "origin") === code);
    return departures
      .map((row) => ({ to: text(row, "destination"), flights: number(row, "count") }))
      .sort((a, b) => b.flights - a.flights)
      .slice(0, 10);
  });
}

/** The length of each route in kilometers. */
async function measure(code: string, routes: readonly Route[], airports: Source): Promise<number[]> {
  "use task";
  return journal(async () => {
    const byCode = await airportsByCode(airports);
    const from = byCode.get(code);
    return routes.map(({ to }) => kilometers(from, byCode.get(to)));
  });
}

async function describe(airport: Tally, routes: readonly Route[], distances: readonly number[]): Promise<Profile> {
  "use task";
  return journal(() => {
    const farthest = Math.max(...distances);
    return {
      airport,
      busiestRoute: routes[0]?.to ?? "–",
      farthest: routes[distances.indexOf(farthest)]?.to ?? "–",
      kilometers: Math.round(farthest),
    };
  });
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The great-circle distance. */
function kilometers(from: Airport | undefined, to: Airport | undefined): number {
  if (!from || !to) return 0;
  const [a, b] = [radians(from.latitude), radians(to.latitude)];
  const turn = radians(to.longitude - from.longitude);
  const cosine = Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(turn);
  return 6371 * Math.acos(Math.min(1, cosine));
}
