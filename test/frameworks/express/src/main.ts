import express from "express";
import { close, getRun, start, worker } from "perdure";
import { order } from "./order.ts";

const app = express();

app.post("/orders/:id", async ({ params }, response) => {
  const run = await start(order, [params.id]);
  response.json({ run: run.id });
});

app.get("/orders/:id", async ({ params }, response) => {
  const run = await getRun(`order-${params.id}`);
  response.json({ status: await run.status() });
});

worker();
const server = app.listen(Number(process.env.PORT ?? 3000));

process.once("SIGTERM", () => {
  server.close();
  void close().finally(() => process.exit());
});
