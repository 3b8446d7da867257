/** Runs that fail, are cleaned up, or harm their process. */
import { shield, sleep, signal, TimeoutError } from "perdure";
import { stage } from "./stage.ts";
import { alwaysFails, isRepaired, killsItsProcess, returnsAFunction, works, worksLong } from "./tasks.ts";

export async function repaired(_id: string): Promise<string> {
  "use workflow: id={_id}";
  await works("before");
  return await isRepaired("repaired");
}

export async function handles(_id: string): Promise<string> {
  "use workflow: id={_id}";
  try {
    await alwaysFails();
  } catch {
    return await works("handled");
  }
  return "not failed";
}

export async function compensates(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  const done: string[] = [];
  try {
    done.push(await works("reserved"));
    await sleep("6s");
    await signal("confirmed", { timeout: "10s" });
    done.push("confirmed");
  } catch (error) {
    done.push(await works("undone"));
    if (!(error instanceof TimeoutError)) throw error;
  } finally {
    await works("released");
  }
  return done;
}

export async function shielded(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  const pays = async (): Promise<string> => {
    const paid = await worksLong("paid");
    await sleep("3s");
    return await works(`${paid} and booked`);
  };
  const paid = await shield(() => pays());
  return [paid, await works("after")];
}

export async function careless(_id: string): Promise<string> {
  "use workflow: id={_id}";
  const forgotten = alwaysFails();
  await works("before");
  await sleep("5s");
  void forgotten;
  return "done";
}

export async function hasty(_id: string): Promise<string> {
  "use workflow: id={_id}";
  await works("before");
  void works("last");
  return "done";
}

export async function poisoned(_id: string): Promise<void> {
  "use workflow: id={_id}";
  await killsItsProcess();
}

export async function deadly(id: string, deaths: number): Promise<string> {
  "use workflow: id={id}";
  stage().bodyBegins(id, deaths);
  return await works("survived");
}

export async function unstorable(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return await returnsAFunction();
}

export async function unstorableEnd(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  await works("before");
  return { after: () => {} };
}
