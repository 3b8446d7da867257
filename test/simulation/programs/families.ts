/** Runs that begin other runs. */
import { signal, sleep, start } from "perdure";
import { alwaysFails, works } from "./tasks.ts";

export async function child(_id: string, value: number): Promise<number> {
  "use workflow: id={_id}";
  await works(value);
  await sleep("8s");
  return await works(value);
}

export async function waitingChild(_id: string): Promise<unknown> {
  "use workflow: id={_id}";
  return await signal("go");
}

export async function failingChild(_id: string): Promise<void> {
  "use workflow: id={_id}";
  await alwaysFails();
}

export async function parent(id: string): Promise<number[]> {
  "use workflow: id={id}";
  return await Promise.all([child(`${id}/1`, 1), child(`${id}/2`, 2)]);
}

export async function grandparent(id: string): Promise<unknown[]> {
  "use workflow: id={id}";
  const first = await parent(`${id}/p`);
  return [first, await waitingChild(`${id}/w`)];
}

export async function forgiving(id: string): Promise<string> {
  "use workflow: id={id}";
  const mistake = await failingChild(`${id}/f`).then(
    () => "none",
    (error: unknown) => (error instanceof Error ? error.name : "?"),
  );
  return `${mistake} ${await works("forgiven")}`;
}

export async function launcher(id: string): Promise<string> {
  "use workflow: id={id}";
  const run = await start(child, [`${id}/s`, 5]);
  await works("launched");
  return run.id;
}
