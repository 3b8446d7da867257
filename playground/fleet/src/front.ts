// The front end: takes orders and payments, and executes nothing. Who gets no answer may ask again: the run's id is the order's number.
import { createServer } from "node:http";
import { complete, getRun, startMany } from "perdure";
import { order } from "./order.ts";
import { configureShop } from "./settings.ts";

configureShop();

const actions: Readonly<Record<string, (number: number, value: string) => Promise<unknown>>> = {
  async order(number, cents) {
    await startMany(order, [[number, Number(cents)]]); // leaves it to the workers
    return "accepted";
  },
  pay: (number, card) => complete(`order-${number}`, "payment", card),
  status: async (number) => (await (await getRun(`order-${number}`))?.info())?.status,
};

/** `/order/17/4990`, `/pay/17/4242` or `/status/17` */
createServer(async ({ url = "" }, response) => {
  const [, action = "", number, value = ""] = url.split("/");
  try {
    response.end(JSON.stringify((await actions[action]?.(Number(number), value)) ?? null));
  } catch (error) {
    response.writeHead(503).end(String(error)); // the customer asks again
  }
}).listen(Number(process.env["PORT"]), "127.0.0.1");
