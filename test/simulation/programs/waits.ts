/** Runs that wait for signals. */
import { CancelledError, signal, sleep, TimeoutError } from "perdure";
import { works } from "./tasks.ts";

async function inTime(name: string, timeout: string): Promise<unknown> {
  try {
    return await signal(name, { timeout: timeout as "5s" });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return "late";
  }
}

export async function approval(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const first = await signal("approve");
  await works("first");
  const second = await signal("approve");
  return [first, second, await inTime("confirm", "6s")];
}

export async function queue(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const items: unknown[] = [];
  for (let count = 0; count < 3; count++) items.push(await signal("item"));
  return items;
}

export async function deadline(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const answers: unknown[] = [];
  for (let count = 0; count < 6; count++) answers.push(await inTime("answer", "3s"));
  return answers;
}

export async function together(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  return await Promise.all([signal("left"), inTime("right", "10s"), works("middle")]);
}

/** Catches every error of its steps, and goes on. */
async function tries(index: number): Promise<string> {
  try {
    await works(index);
    await sleep("4s");
    return "done";
  } catch (error) {
    return error instanceof CancelledError ? "cancelled" : "failed";
  }
}

export async function stubborn(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  const results: string[] = [];
  for (let index = 0; index < 6; index++) results.push(await tries(index));
  return results;
}
