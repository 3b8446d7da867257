import { close, complete, recover, start } from "perdure";
import { audit } from "./audit.ts";
import { order, refused } from "./orders.ts";

async function run(): Promise<unknown> {
  await recover();
  const placed = await start(order, ["17", ["ink", "paper", "pen"]]);
  await complete(placed.id, "approval", true);
  const result = await placed.result();
  const failure: unknown = await refused().catch((error: unknown) => error);
  return { result, audit: await audit(placed.id), stack: failure instanceof Error ? failure.stack : undefined };
}

export const finished: Promise<void> = run().then((outcome) => {
  console.log(JSON.stringify(outcome));
  return close();
});
