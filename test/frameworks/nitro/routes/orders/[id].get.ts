import { defineHandler } from "nitro/h3";
import { getRun } from "perdure";

export default defineHandler(async ({ context }) => {
  const run = await getRun(`order-${context.params?.id}`);
  return { status: await run.status() };
});
