import { getRun, start } from "perdure";
import type { ActionFunctionArgs, LoaderFunctionArgs } from "react-router";
import { order } from "../order.server";

export async function action({ params }: ActionFunctionArgs) {
  const run = await start(order, [params.id ?? ""]);
  return Response.json({ run: run.id });
}

export async function loader({ params }: LoaderFunctionArgs) {
  const run = await getRun(`order-${params.id}`);
  return Response.json({ status: await run.status() });
}
