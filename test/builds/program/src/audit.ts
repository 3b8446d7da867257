import { getRun } from "perdure";
import { order } from "./orders.ts";

/** The name of the workflow in the program, and the recorded steps of a run. */
export async function audit(id: string): Promise<string> {
  return `${order.name}/${order.length} ${await (await getRun(id)).status()}`;
}
