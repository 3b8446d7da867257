import type { order } from "./orders.ts";

/** Runs in the browser and reaches the workflow through the server. */
export async function buy(id: string): Promise<Awaited<ReturnType<typeof order>>> {
  await fetch(`/orders/${id}`, { method: "POST" });
  return (await fetch(`/orders/${id}`)).text();
}

Object.assign(globalThis, { buy });
