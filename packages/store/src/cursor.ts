import { PerdureError } from "@perdure/protocol";
import type { RunFilter, RunHead } from "./contract.ts";

/** A place in a list of runs: between the run that had this time and number, and the next one. */
export interface Position {
  /** In the order `due`, whether it is among the runs that have a `wakeAt`. */
  readonly isDue: boolean;
  /** The `wakeAt` of a run that is due, the `createdAt` of another one. */
  readonly time: number;
  /** The place of the run in the order in which runs were recorded. */
  readonly number: number;
}

/** The cursor of a run in a list. */
export function cursorOf(
  { createdAt, wakeAt }: Pick<RunHead, "createdAt" | "wakeAt">,
  number: number,
  order: RunFilter["order"],
): string {
  return order === "due" && wakeAt !== undefined ? `due_${wakeAt}_${number}` : `created_${createdAt}_${number}`;
}

/**
 * The place after which a list begins.
 * @throws PerdureError `OPTION_INVALID`
 */
export function positionOf({ after, order }: RunFilter): Position | undefined {
  if (after === undefined) return undefined;
  const [kind, time, number, ...others] = after.split("_");
  const position = { isDue: kind === "due", time: numberOf(time), number: numberOf(number) };
  const isKnown = kind === "created" || (kind === "due" && order === "due");
  if (isKnown && others.length === 0 && !Number.isNaN(position.time + position.number)) return position;
  throw new PerdureError("OPTION_INVALID", {
    option: "after",
    value: JSON.stringify(after),
    expected: `the \`cursor\` of a run that was listed in the order "${order ?? "created"}"`,
  });
}

const numberOf = (text: string | undefined): number => (text ? Number(text) : NaN);
