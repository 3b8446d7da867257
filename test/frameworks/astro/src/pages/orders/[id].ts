import type { APIRoute } from "astro";
import { getRun, start } from "perdure";
import { order } from "../../workflows/order";

export const POST: APIRoute = async ({ params }) => {
  const run = await start(order, [params.id ?? ""]);
  return Response.json({ run: run.id });
};

export const GET: APIRoute = async ({ params }) => {
  const run = await getRun(`order-${params.id}`);
  return Response.json({ status: await run.status() });
};
