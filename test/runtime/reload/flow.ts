import { sleep } from "perdure";
import { note } from "./tasks.ts";

/** Identifies this evaluation of the module; set by the test. */
const version = String(Reflect.get(globalThis, "reloadVersion"));

export async function flow(id: string): Promise<string[]> {
  "use workflow: id=reset-{id}";
  const first = await note(id);
  await sleep("1h");
  return [first, await note(id), version];
}
