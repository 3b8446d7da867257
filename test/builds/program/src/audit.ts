import { getRun } from "perdure";
import { order } from "./orders.ts";

/** What the program knows its workflow by, and what is recorded of a run. */
export async function audit(id: string): Promise<string> {
  return `${order.name}/${order.length} ${await (await getRun(id)).status()}`;
}
