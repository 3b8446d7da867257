/** Runs that schedules start. */
import { signal, sleep, TimeoutError } from "perdure";
import { works, worksLong } from "./tasks.ts";

export async function brief(value: number): Promise<number> {
  "use workflow";
  return await works(value);
}

/** Longer than most intervals. */
export async function lengthy(value: number): Promise<number> {
  "use workflow";
  const first = await worksLong(value);
  await sleep("6s");
  return await works(first);
}

export async function patient(value: number): Promise<unknown[]> {
  "use workflow";
  return [await works(value), await signal("go")];
}

export async function impatient(value: number): Promise<unknown[]> {
  "use workflow";
  const first = await works(value);
  try {
    return [first, await signal("go", { timeout: "5s" })];
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return [first, "late"];
  }
}

export async function tickInLine(value: number): Promise<number> {
  "use workflow: queue=runs";
  const first = await works(value);
  await sleep("2s");
  return await works(first);
}

export async function everyTwelve(): Promise<number> {
  "use workflow: every=12s, overlap=skip";
  return await works(12);
}
