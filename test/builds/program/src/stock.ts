import prices from "./prices.json" with { type: "json" };
import { effect } from "./world.ts";

export type Item = keyof typeof prices;

export async function reserve(item: Item): Promise<number> {
  "use task: retries=2, backoff=constant(1ms)";
  effect(`reserve ${item}`);
  return prices[item];
}

/** Never called. */
export async function restock(item: Item): Promise<void> {
  "use task";
  effect(`restock ${item}`);
}
