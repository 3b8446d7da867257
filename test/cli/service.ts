/** A program whose runs the tests of the command look at. */
import { join } from "node:path";
import { buildProgram, run } from "../programs.ts";
import { temporaryDirectory } from "../directories.ts";
import { storeIn } from "./command.ts";
import type { RunningProgram } from "../running-program.ts";

const source = `
import { close, configure, getRun, progress, signal, sleep, start, worker } from "perdure";
import { existsSync } from "node:fs";

class Money { constructor(amount) { this.amount = amount; } }
configure({
  pollInterval: "20ms",
  classes: [{ type: Money, encode: ({ amount }) => ({ amount }), decode: ({ amount }) => new Money(amount) }],
});

export class Declined extends Error { code = "card"; }

export async function ship(item: string) {
  "use task: retries=0";
  return { item, at: new Date(0) };
}

export async function charge(amount: number) {
  "use task: retries=1, backoff=constant(5ms)";
  if (amount > 100 && !existsSync(process.env.ACCEPT ?? "")) throw new Declined("card\\u001b[2J declined");
  return new Money(amount);
}

export async function order(id: string, amount: number) {
  "use workflow: id=order-{id}";
  progress({ step: "shipping", doubt: new Error("\\u001b[31mred") });
  for (const item of ["cup", "plate"]) await ship(item);
  return charge(amount);
}

export async function part(id: string) {
  "use workflow: id=part-{id}";
  return signal("done");
}

export async function approval(id: string) {
  "use workflow: id=approval-{id}";
  await ship("form");
  const [answer] = await Promise.all([signal("approval"), sleep("1ms")]);
  return answer;
}

export async function whole(id: string) {
  "use workflow: id=whole-{id}";
  return part(id);
}

process.on("SIGTERM", () => close().then(() => process.exit(0)));
worker();
const orders = [await start(order, ["good" + (process.env.NAME ?? ""), 5], { tags: ["vip"] }), await start(order, ["bad" + (process.env.NAME ?? ""), 500.25])];
await start(approval, ["a"]);
await start(whole, ["w"]);
await Promise.allSettled(orders.map((run) => run.result()));
while (!(await getRun("part-w").catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 5));
console.log("started");
setInterval(() => {}, 1000);
`;

const built = new Map<string, Promise<string>>();

/** The built program, made once for each test file. */
export const builtService = (name = "service"): Promise<string> => {
  const known = built.get(name) ?? buildProgram(source, name);
  built.set(name, known);
  return known;
};

export interface Service {
  readonly store: string;
  readonly directory: string;
  readonly program: RunningProgram;
}

/**
 * Starts the program on a new store, or on the one in the directory, or on another one.
 * @param name - a part of the ids of its orders; the other runs are the same in all services on a store
 */
export async function startService(
  file: string,
  {
    directory = temporaryDirectory("cli"),
    name = "",
    store = storeIn(directory),
  }: { readonly directory?: string; readonly name?: string; readonly store?: string } = {},
): Promise<Service> {
  const program = run(file, { PERDURE_STORE: store, ACCEPT: join(directory, "accept"), NAME: name }, directory);
  await program.printed("started");
  return { store, directory, program };
}
