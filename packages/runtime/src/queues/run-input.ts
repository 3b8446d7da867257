import type { RunRow } from "@perdure/store";
import type { ValueStore } from "../values/codec.ts";

/** The arguments of a run: those of its start, or one list of what several starts brought. */
export function inputOf(values: ValueStore, { input, batch }: Pick<RunRow, "input" | "batch">): unknown[] {
  if (!batch) return values.decode(input) as unknown[];
  return [(JSON.parse(input) as string[]).map((each) => (values.decode(each) as unknown[])[0])];
}
