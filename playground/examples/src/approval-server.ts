// An HTTP server whose orders wait for an approval, for a second or a month. The server can be restarted in the meantime.
//   curl -X POST localhost:3000/orders -d '{ "id": "17", "total": 12500 }'
//   curl -X POST localhost:3000/orders/17/approve -d '{ "approved": true, "by": "Ada" }'
//   curl localhost:3000/orders/17
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { close, complete, getRun, signal, start, worker } from "perdure";
import { z } from "zod";

const Order = z.object({ id: z.string(), total: z.number().positive() });
type Order = z.infer<typeof Order>;
const Approval = z.object({ approved: z.boolean(), by: z.string() });

async function validate(order: Order): Promise<Order> {
  "use task";
  console.log(`validating ${order.id}`);
  return order;
}

async function fulfil(order: Order, approvedBy: string): Promise<string> {
  "use task";
  console.log(`fulfilling ${order.id}, approved by ${approvedBy}`);
  return `fulfilled, approved by ${approvedBy}`;
}

export async function processOrder(order: Order): Promise<string> {
  "use workflow: id=order-{order.id}";
  const valid = await validate(order);
  const { approved, by } = await signal("approval", { schema: Approval, timeout: "30d" });
  return approved ? fulfil(valid, by) : `rejected by ${by}`;
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const [, , id = "", action] = request.url?.split("/") ?? [];
  if (request.method === "GET") return (await getRun(`order-${id}`)).status();
  const body: unknown = JSON.parse(await text(request));
  if (action === "approve") return { delivered: await complete(`order-${id}`, "approval", body) };
  return { run: (await start(processOrder, [Order.parse(body)])).id };
}

const server = createServer((request, response) => {
  answer(request).then(
    (result) => response.end(`${JSON.stringify(result)}\n`),
    (error: unknown) => response.writeHead(400).end(`${String(error)}\n`),
  );
});

// Resumes the orders of an earlier process as soon as they can continue.
const crew = worker();
await once(server.listen(Number(process.env["PORT"] ?? 3000)), "listening");
const address = server.address();
console.log(`listening on port ${typeof address === "object" ? address?.port : address}`);

process.once("SIGTERM", () => void shutDown());

async function shutDown(): Promise<void> {
  server.close();
  await crew.stop();
  await close();
}
