/** A program whose runs the tests of the inspector look at. Each process of it does one thing, named by its first argument. */
import {
  close,
  complete,
  configure,
  getRun,
  progress,
  queue,
  recover,
  signal,
  sleep,
  start,
  worker,
  type StandardSchema,
} from "perdure";
import { inspectorHandler } from "perdure/inspector";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const directory = process.env["DIRECTORY"] ?? ".";
const has = (file: string): boolean => existsSync(join(directory, file));

configure({
  pollInterval: "20ms",
  stallTimeout: "100ms",
  recordInputs: true,
  logLevel: "error",
  durability: process.argv[2] === "many" ? "normal" : "full",
});

export class Declined extends Error {
  override readonly name = "Declined";
  readonly code = "insufficient_funds";
}

export async function printLabel(item: string): Promise<string> {
  "use task";
  await pause(10);
  return `label of ${item}`;
}

export async function pack(item: string): Promise<{ item: string; label: string }> {
  "use task";
  return { item, label: await printLabel(item) };
}

export async function charge(amount: number): Promise<{ amount: number; receipt: string }> {
  "use task: retries=0";
  if (amount > 100 && !has("accept")) throw new Declined(`the card has no ${amount} euros`);
  return { amount, receipt: `r-${amount}` };
}

/** An order of several items: a loop with tasks that call tasks. */
export async function order(_id: string, amount: number): Promise<string> {
  "use workflow: id=order-{_id}";
  const items = ["cup", "plate", "spoon"];
  for (const [index, item] of items.entries()) {
    progress({ packed: index, of: items.length });
    await pack(item);
  }
  return (await charge(amount)).receipt;
}

let uploads = 0;

export async function upload(file: string): Promise<string> {
  "use task: retries=3, backoff=constant(40ms)";
  if (++uploads % 3 !== 0) throw new Error(`503 Service Unavailable (${file})`);
  return `https://files.example/${file}`;
}

export async function backup(id: string): Promise<string> {
  "use workflow: id=backup-{id}";
  return upload(`${id}.tar`);
}

const answer: StandardSchema<{ approved: boolean; by: string }> = {
  "~standard": {
    version: 1,
    vendor: "orders",
    validate: (value) =>
      typeof (value as { approved?: unknown } | null)?.approved === "boolean"
        ? { value: value as { approved: boolean; by: string } }
        : { issues: [{ message: "yes or no is expected", path: ["approved"] }] },
    jsonSchema: {
      input: () => ({
        type: "object",
        properties: { approved: { type: "boolean" }, by: { type: "string" } },
        required: ["approved", "by"],
      }),
    },
  } as StandardSchema<{ approved: boolean; by: string }>["~standard"],
};

/** Waits for a person, in a child run. */
export async function approval(_id: string): Promise<string> {
  "use workflow: id=approval-{_id}";
  const { approved, by } = await signal("decision", { schema: answer });
  return `${approved ? "approved" : "refused"} by ${by}`;
}

export async function purchase(id: string): Promise<string> {
  "use workflow: id=purchase-{id}";
  await pack("chair");
  return approval(`of-${id}`);
}

export async function remind(_who: string): Promise<void> {
  "use workflow: id=remind-{_who}";
  await sleep("30d");
}

export async function copyOld(): Promise<void> {
  "use task";
}

export async function copyNew(): Promise<void> {
  "use task";
}

/** Another process takes another branch: the run is blocked. */
export async function migrate(_id: string): Promise<void> {
  "use workflow: id=migrate-{_id}";
  if (process.env["NEW"] === "1") await copyNew();
  else await copyOld();
  await signal("go");
}

const downloads = new Set<string>();

export async function download(file: string): Promise<string> {
  "use task: retries=2, backoff=constant(90ms)";
  await pause(file.length * 8);
  if (file === "orders.csv" && !downloads.has(file) && downloads.add(file)) throw new Error("503 Service Unavailable");
  return `https://example.com/${file}`;
}

export async function load(part: number): Promise<number> {
  "use task";
  await pause(60);
  if (part === Number(process.env["KILL_AT"])) process.kill(process.pid, "SIGKILL");
  return part * 1000;
}

export async function publish(rows: number): Promise<string> {
  "use task";
  await pause(90);
  return `${rows} rows`;
}

/** A longer run, which the tests kill. */
export async function nightly(_id: string): Promise<string> {
  "use workflow: id=nightly-{_id}";
  await Promise.all(["customers.csv", "orders.csv", "returns.csv"].map((file) => download(file)));
  let rows = 0;
  for (let part = 1; part <= 6; part++) rows += await load(part);
  await sleep("120ms");
  return publish(rows);
}

export async function wait(step: number): Promise<number> {
  "use task";
  while (!has(`go-${step}`)) await pause(10);
  return step;
}

/** A run whose steps end when the tests want it. */
export async function slow(_id: string): Promise<void> {
  "use workflow: id=slow-{_id}";
  await wait(1);
  await wait(2);
}

queue("mail", { concurrency: 3, perKey: { concurrency: 1 }, rate: { limit: 100, per: "1m" } });
queue("shipments", { concurrency: 1 });

export async function send(_customer: string, number: number): Promise<void> {
  "use task: queue=mail, key={_customer}";
  while (!has(`sent-${number}`) && !has("sent-all")) await pause(10);
}

export async function letter(customer: string, number: number): Promise<void> {
  "use workflow: id=letter-{customer}-{number}";
  await send(customer, number);
}

export async function shipment(_number: number): Promise<void> {
  "use workflow: id=shipment-{_number}, queue=shipments, hold=true";
  await signal("arrived");
}

const script = `<script>window.executed = true</script><img src="x" onerror="window.executed = true">`;

export async function attack(): Promise<Record<string, string>> {
  "use task";
  return { [script]: script };
}

export async function dump(): Promise<string> {
  "use task";
  return `${script} ${"0123456789".repeat(1_000_000)}`;
}

export async function hostile(_id: string): Promise<void> {
  "use workflow: id=hostile-{_id}";
  progress(script);
  await attack();
  await dump();
  throw new Error(script);
}

export async function tick(step: number): Promise<number> {
  "use task";
  return step;
}

export async function long(_id: string, steps: number): Promise<void> {
  "use workflow: id=long-{_id}";
  for (let step = 0; step < steps; step++) await tick(step);
}

export async function tiny(number: number): Promise<number> {
  "use workflow: id=tiny-{number}";
  return number;
}

type Started = Awaited<ReturnType<typeof start>>;
const settled = (runs: readonly Started[]): Promise<unknown> => Promise.allSettled(runs.map((run) => run.result()));

/** Resolves when the run waits, and so has done what comes before. */
async function waits(run: Started): Promise<void> {
  while ((await run.info()).waitingFor.length === 0) await pause(10);
}

const scenes: Readonly<Record<string, () => Promise<unknown>>> = {
  async runs() {
    const ended = [
      await start(order, ["1001", 35], { tags: ["vip", "berlin"] }),
      await start(order, ["1002", 350], { tags: ["berlin"] }),
      await start(backup, ["monday"]),
      await start(hostile, [script]),
    ];
    const waiting = [await start(purchase, ["77"]), await start(remind, ["ada"]), await start(migrate, ["users"])];
    await settled(ended);
    await Promise.all(waiting.map(waits));
  },
  async blocked() {
    process.env["NEW"] = "1";
    await complete("migrate-users", "go");
    const run = await getRun("migrate-users");
    await recover({ workflows: [migrate] });
    while ((await run.info()).blocked === undefined) await pause(10);
  },
  async nightly() {
    await (await start(nightly, ["2024-06-01"])).result();
  },
  async slow() {
    const run = await start(slow, ["1"]);
    console.log("started");
    await run.result();
  },
  async queues() {
    for (let number = 1; number <= 5; number++) await start(letter, ["ada", number]);
    for (const customer of ["bob", "eve", "dan", "kim"]) await start(letter, [customer, 1]);
    for (let number = 1; number <= 3; number++) await start(shipment, [number]);
    const run = await getRun("letter-kim-1");
    await waits(run as Started);
    console.log("in line");
    await new Promise((resolve) => process.once("SIGTERM", resolve));
  },
  async many() {
    const run = await start(long, ["1", 10_000]);
    for (let number = 0; number < 10_000; number += 500)
      await Promise.all(Array.from({ length: 500 }, (_, index) => tiny(number + index)));
    await run.result();
  },
  /** Whoever reaches it may do everything: what keeps pages of other origins away is all that protects it. */
  async open() {
    const server = createServer(inspectorHandler({ authorize: () => true, base: "" }));
    server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    await new Promise((resolve) => process.once("SIGTERM", resolve));
  },
  async worker() {
    worker({ workflows: ["order", "backup", "hostile", "purchase", "approval", "remind", "nightly"] });
    console.log("started");
    await new Promise((resolve) => process.once("SIGTERM", resolve));
  },
};

await scenes[process.argv[2] ?? "runs"]?.();
await close();
