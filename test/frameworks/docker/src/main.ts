import { createServer } from "node:http";
import { close, getRun, start, worker } from "perdure";
import { order } from "./order.ts";

async function answer(method: string | undefined, id: string): Promise<object> {
  if (method === "POST") return { run: (await start(order, [id])).id };
  return { status: await (await getRun(`order-${id}`)).status() };
}

const server = createServer((request, response) => {
  answer(request.method, /^\/orders\/(\w+)$/.exec(request.url ?? "")?.[1] ?? "").then(
    (body) => response.end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});

// as process 1 of a container, Node ends at SIGTERM only if the program says so
process.once("SIGTERM", () => {
  server.close();
  void close().finally(() => process.exit());
});

worker();
server.listen(Number(process.env.PORT ?? 3000));
