import { getRun, recover, start } from "perdure";
import type { IncomingMessage, ServerResponse } from "node:http";
import { order } from "./orders.ts";
import { page } from "./page.tsx";

/** Resumes the runs that an earlier process has left. */
export const ready: Promise<unknown> = recover();

/** POST /orders/17 starts a run, GET /orders/17 answers with its result. */
export async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.url?.split("/").at(-1) ?? "";
  const run = request.method === "POST" ? await start(order, [id]) : await getRun(`order-${id}`);
  response.end(request.method === "POST" ? run.id : await page(run));
}
