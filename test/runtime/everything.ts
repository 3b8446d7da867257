import { keyed, signal, sleep, start, taskContext } from "perdure";

export async function step(name: string): Promise<string> {
  "use task: retries=0";
  return `${name}!`;
}

async function flaky(name: string): Promise<string> {
  "use task: retries=3";
  if (taskContext().attempt < 3) throw new Error(`${name} ${taskContext().attempt}`);
  return name;
}

export async function fails(name: string): Promise<string> {
  "use task: retries=1, backoff=constant(1s)";
  throw new RangeError(name);
}

async function pair(name: string): Promise<string> {
  const first = await step(`${name}1`);
  return first + (await step(`${name}2`));
}

async function child(name: string): Promise<string> {
  "use workflow";
  await sleep("1h");
  return pair(name);
}

async function detached(): Promise<string> {
  "use workflow";
  return step("detached");
}

export async function everything(items: string[]): Promise<unknown> {
  "use workflow: id=everything";
  const log: unknown[] = [];
  for (const item of items) {
    log.push(await step(item));
    if (item === "b") continue;
    log.push(await flaky(item));
  }
  log.push(
    await Promise.all(
      items.map(async (item) => {
        await sleep(item === "a" ? "2h" : "1h");
        log.push(item);
        return pair(item);
      }),
    ),
  );
  log.push(await Promise.race([pair("left"), sleep("3h").then(() => "late")]));
  log.push(
    await Promise.allSettled([fails("one"), child("young"), keyed("k", () => step("keyed"))]).then((all) =>
      all.map(({ status }) => status),
    ),
  );
  try {
    await fails("two");
  } catch (error) {
    log.push(error instanceof RangeError && error.message);
  } finally {
    log.push(await step("finally"));
  }
  log.push((await start(detached, [])).id);
  log.push(await signal("approval"));
  let count = 0;
  while ((await step(String(count))) !== "2!") count++;
  return { log, count };
}
