import { setTimeout as pause } from "node:timers/promises";

/** A customer: orders, pays, and looks until the order is shipped. Where there is no answer, it asks again, as often as needed. */
export async function buy(shop: string, number: number, onPlaced: () => void, patience: AbortSignal): Promise<void> {
  const ask = async (path: string): Promise<unknown> => {
    for (;;) {
      patience.throwIfAborted();
      try {
        const answer = await fetch(`${shop}/${path}`, { signal: AbortSignal.timeout(3_000) });
        if (answer.ok) return await answer.json();
      } catch {
        // the front end is dead, or its network is
      }
      await pause(100);
    }
  };
  await ask(`order/${number}/${priceOf(number)}`);
  onPlaced();
  await pause(300);
  await ask(`pay/${number}/4242-${number}`);
  while ((await ask(`status/${number}`)) !== "completed") await pause(100);
}

/** In cents. */
export const priceOf = (number: number): number => 1_000 + number * 10;
