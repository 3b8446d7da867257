import Fastify from "fastify";
import { close, getRun, start, worker } from "perdure";
import { order } from "./order.ts";

const app = Fastify();

app.post<{ Params: { id: string } }>("/orders/:id", async ({ params }) => {
  const run = await start(order, [params.id]);
  return { run: run.id };
});

app.get<{ Params: { id: string } }>("/orders/:id", async ({ params }) => {
  const run = await getRun(`order-${params.id}`);
  return { status: await run.status() };
});

// ends the attempts in flight before the server is closed
app.addHook("onClose", () => close());
process.once("SIGTERM", () => void app.close().finally(() => process.exit()));

worker();
await app.listen({ port: Number(process.env.PORT ?? 3000) });
