/** What a run says of the queue that it, or a task of it, stands in line of. */
import { expect, onTestFinished, test } from "vitest";
import { close, configure, listRuns, memoryStore, queue, start, subscribe, type RunEvent } from "perdure";

queue("mail", { concurrency: 1 });
queue("reports", { concurrency: 1 });
const sending: (() => void)[] = [];

async function send(_to: string): Promise<void> {
  "use task: queue=mail, key={_to}";
  await new Promise<void>((resolve) => sending.push(resolve));
}

async function letter(_id: string, to: string): Promise<void> {
  "use workflow: id=letter-{_id}";
  await send(to);
}

async function report(_id: string): Promise<void> {
  "use workflow: id=report-{_id}, queue=reports, key=all";
  await send("boss");
}

function begin(): void {
  onTestFinished(async () => {
    for (const end of sending.splice(0)) end();
    await close();
  });
  configure({ store: memoryStore(), logLevel: "silent", pollInterval: "20ms", suspendAfter: "1h" });
}

test("a run that stands in line says so, and what it waits for; so does one whose task stands in line", async () => {
  begin();
  const first = await start(report, ["1"]);
  await expect.poll(() => sending.length).toBe(1);
  const second = await start(report, ["2"]);
  const third = await start(letter, ["3", "ada"]);

  expect(await first.info()).toMatchObject({ queue: { name: "reports", key: "all" }, inLine: false, waitingFor: [] });
  const since = expect.any(Date) as Date;
  expect(await second.info()).toMatchObject({
    status: "pending",
    queue: { name: "reports", key: "all" },
    inLine: true,
    waitingFor: [{ kind: "queue", queue: "reports", key: "all", since }],
  });
  expect((await second.info()).waitingFor[0]).not.toHaveProperty("step");
  await expect
    .poll(async () => (await third.info()).waitingFor)
    .toEqual([
      {
        kind: "queue",
        queue: "mail",
        key: "ada",
        since,
        step: "send[0]",
        name: "send",
        location: expect.stringMatching(/info\.test\.ts:\d+:\d+$/u) as string,
      },
    ]);
  expect((await third.info()).queue).toBeUndefined();
  expect((await listRuns()).filter(({ inLine }) => inLine).map(({ id }) => id)).toEqual(["report-2"]);
});

test("the events of a run tell when it comes to stand in line, and when its turn comes", async () => {
  begin();
  const first = await start(letter, ["1", "ada"]);
  await expect.poll(() => sending.length).toBe(1);
  const second = await start(letter, ["2", "bob"]);
  const waits: string[][] = [];
  const follow = async (): Promise<void> => {
    for await (const event of subscribe(second.id) as AsyncIterable<RunEvent>)
      if (event.type === "waiting") waits.push(event.waitingFor.map(({ kind, queue: name }) => `${kind} ${name}`));
  };
  const followed = follow();
  await expect.poll(() => waits).toEqual([["queue mail"]]);
  sending.shift()?.();
  await first.result();
  await expect.poll(() => waits).toEqual([["queue mail"], []]);
  await expect.poll(() => sending.length).toBe(1);
  sending.shift()?.();
  await followed;
});
