/** Tasks of two queues that wait for one another. */
import { expect, onTestFinished, test, vi } from "vitest";
import { close, configure, memoryStore, queue, start, type Logger } from "perdure";
import { setTimeout as pause } from "node:timers/promises";

queue("bank", { concurrency: 1 });
queue("mail", { concurrency: 2 });

async function charge(): Promise<string> {
  "use task: queue=bank, retries=0";
  return "charged";
}
async function notify(): Promise<string> {
  "use task: queue=mail, retries=0";
  return "notified";
}
async function bill(): Promise<string> {
  "use task: queue=bank, retries=0, timeout=4s";
  await pause(100);
  return notify();
}
async function remind(): Promise<string> {
  "use task: queue=mail, retries=0";
  await pause(100);
  return charge();
}
export async function bills(): Promise<string> {
  "use workflow: id=bills";
  return bill();
}
export async function reminds(number: number): Promise<string> {
  "use workflow: id=reminds-{number}";
  return `${await remind()} ${number}`;
}
async function busy(name: string): Promise<string> {
  "use task: queue=mail, retries=0";
  await pause(3_500);
  return name;
}
export async function works(): Promise<string> {
  "use workflow: id=works";
  return busy("done");
}

function begin(): { readonly message: string; readonly fields: unknown }[] {
  onTestFinished(close);
  const warnings: { message: string; fields: unknown }[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    error() {},
    warn: (message, fields) => void warnings.push({ message, fields }),
  };
  configure({ store: memoryStore(), logger, pollInterval: "20ms" });
  return warnings;
}

test("is reported once, with the tasks, the queues and the runs; a timeout ends it", async () => {
  const warnings = begin();
  const runs = await Promise.all([start(bills, []), start(reminds, [1]), start(reminds, [2])]);
  await vi.waitFor(() => expect(warnings).toHaveLength(1), 3_900);
  expect(warnings[0]?.message.split("\n")[0]).toBe(
    'tasks of the queues "bank", "mail" wait for one another, and none of them can go on: ' +
      'bill of run bills has a slot of "bank" and calls notify, which waits for one of "mail"; ' +
      'remind of run reminds-1 has a slot of "mail" and calls charge, which waits for one of "bank"',
  );
  expect(warnings[0]?.fields).toMatchObject({ code: "QUEUE_DEADLOCK", queues: ["bank", "mail"] });
  await expect(runs[0]?.result()).rejects.toThrow(/took longer than 4000 ms/);
  await expect(runs[1]?.result()).resolves.toBe("charged 1");
  await expect(runs[2]?.result()).resolves.toBe("charged 2");
  expect(warnings.filter(({ fields }) => (fields as { code?: string }).code === "QUEUE_DEADLOCK")).toHaveLength(1);
});

test("is not reported while one of the slots is used by a task that goes on", async () => {
  const warnings = begin();
  const runs = [await start(works, []), await start(bills, []), await start(reminds, [1])];
  await Promise.all(runs.map((run) => run.result().catch(() => {})));
  expect(warnings.filter(({ fields }) => (fields as { code?: string }).code === "QUEUE_DEADLOCK")).toEqual([]);
});
