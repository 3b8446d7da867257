import { json } from "@sveltejs/kit";
import { getRun, start } from "perdure";
import { order } from "#lib/server/order.ts";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ params }) => {
  const run = await start(order, [params.id]);
  return json({ run: run.id });
};

export const GET: RequestHandler = async ({ params }) => {
  const run = await getRun(`order-${params.id}`);
  return json({ status: await run.status() });
};
