import { journal } from "./journal.ts";
import type { Flight } from "./model.ts";

/** Removes impossible flights: those without a destination, and those that left an hour early. */
export async function clean(flights: readonly Flight[]): Promise<Flight[]> {
  "use task";
  return journal(() => flights.filter(({ origin, destination, delay }) => origin !== destination && delay > -60));
}
