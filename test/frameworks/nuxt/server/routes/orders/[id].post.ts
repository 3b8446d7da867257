import { start } from "perdure";
import { order } from "../../workflows/order";

export default defineEventHandler(async (event) => {
  const run = await start(order, [getRouterParam(event, "id") ?? ""]);
  return { run: run.id };
});
