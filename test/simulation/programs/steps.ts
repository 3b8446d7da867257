/** Runs that execute tasks and sleep. */
import { sleep } from "perdure";
import { blocks, failsAtFirst, isLimited, works, worksLong } from "./tasks.ts";

export async function sequence(_id: string, length: number): Promise<number[]> {
  "use workflow: id={_id}";
  const done: number[] = [];
  for (let index = 0; index < length; index++) done.push(await works(index));
  return done;
}

export async function patience(id: string): Promise<string[]> {
  "use workflow: id={id}";
  return [await failsAtFirst(`${id} a`), await isLimited("b"), await failsAtFirst("c")];
}

export async function sleeper(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  const done = [await works("awake")];
  await sleep("2s");
  done.push(await works("yawn"));
  await sleep("45s");
  done.push(await works("up"));
  return done;
}

export async function fanOut(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const order: number[] = [];
  const branch = async (index: number): Promise<number> => {
    const value = index % 2 === 0 ? await works(index) : await worksLong(index);
    order.push(value);
    return await works(value);
  };
  const all = await Promise.all([branch(1), branch(2), branch(3), branch(4)]);
  return [all, order];
}

export async function race(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const rests = async (): Promise<string> => {
    await sleep("3s");
    return "slept";
  };
  const first = await Promise.race([worksLong("worked"), rests()]);
  return [first, await works("after")];
}

export async function early(_id: string): Promise<unknown[]> {
  "use workflow: id={_id}";
  const begun = worksLong("begun");
  const second = await works("second");
  await sleep("20s");
  return [await begun, second];
}

export async function blocker(_id: string): Promise<string[]> {
  "use workflow: id={_id}";
  return [await blocks("blocked"), await works("after")];
}
