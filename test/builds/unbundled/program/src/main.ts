import { close, start } from "perdure";
import { order, stackOfATask } from "./order.ts";

const items = [
  { name: "ink", parts: 2 },
  { name: "paper", parts: 3 },
] as const;

async function main(): Promise<void> {
  const run = await start(order, ["17", items]);
  const result = await run.result();
  const stack = await stackOfATask();
  const { modules }: { modules: Map<string, unknown> } = Reflect.get(globalThis, Symbol.for("perdure/registry@2"));
  console.log(`REPORT ${JSON.stringify({ result, stack, node: process.version, modules: [...modules.values()] })}`);
  await close();
}

void main();
