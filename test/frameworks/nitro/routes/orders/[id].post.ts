import { defineHandler } from "nitro/h3";
import { start } from "perdure";
import { order } from "../../workflows/order";

export default defineHandler(async ({ context }) => {
  const run = await start(order, [context.params?.id ?? ""]);
  return { run: run.id };
});
