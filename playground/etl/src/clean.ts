import { journal } from "./journal.ts";
import type { Flight } from "./model.ts";

/** Leaves out what cannot be: flights to nowhere, and those that left an hour early. */
export async function clean(flights: readonly Flight[]): Promise<Flight[]> {
  "use task";
  return journal(() => flights.filter(({ origin, destination, delay }) => origin !== destination && delay > -60));
}
