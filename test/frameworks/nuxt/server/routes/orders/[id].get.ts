import { getRun } from "perdure";

export default defineEventHandler(async (event) => {
  const run = await getRun(`order-${getRouterParam(event, "id")}`);
  return { status: await run.status() };
});
