import { getRun, start } from "perdure";
import { order } from "../../../lib/order";

interface Context {
  readonly params: Promise<{ id: string }>;
}

export async function POST(_request: Request, { params }: Context) {
  const run = await start(order, [(await params).id]);
  return Response.json({ run: run.id });
}

export async function GET(_request: Request, { params }: Context) {
  const run = await getRun(`order-${(await params).id}`);
  return Response.json({ status: await run.status() });
}
