import { serve } from "@hono/node-server";
import { close, worker } from "perdure";
import { app } from "./app.ts";

worker();
const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });

process.once("SIGTERM", () => {
  server.close();
  void close().finally(() => process.exit());
});
