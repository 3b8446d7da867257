import { close, worker } from "perdure";
import "#lib/server/order.ts";

export function init(): void {
  worker();
  // adapter-node: after SIGTERM, when the last request has been answered
  if (import.meta.env.PROD) process.once("sveltekit:shutdown", () => void close());
}
