import { Hono } from "hono";
import { getRun, start } from "perdure";
import { order } from "./order.ts";

export const app = new Hono();

app.post("/orders/:id", async (context) => {
  const run = await start(order, [context.req.param("id")]);
  return context.json({ run: run.id });
});

app.get("/orders/:id", async (context) => {
  const run = await getRun(`order-${context.req.param("id")}`);
  return context.json({ status: await run.status() });
});
