import { createFileRoute } from "@tanstack/react-router";
import { getRun, start } from "perdure";
import { order } from "../server/order";

export const Route = createFileRoute("/orders/$id")({
  server: {
    handlers: {
      POST: async ({ params }) => {
        const run = await start(order, [params.id]);
        return Response.json({ run: run.id });
      },
      GET: async ({ params }) => {
        const run = await getRun(`order-${params.id}`);
        return Response.json({ status: await run.status() });
      },
    },
  },
});
