import { InvalidArgumentError, Option } from "commander";
import ms, { type StringValue } from "ms";

export const STATUSES = ["pending", "running", "waiting", "blocked", "completed", "failed", "cancelled"] as const;
export type Status = (typeof STATUSES)[number];

const collected =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] | undefined): readonly T[] => [...(before ?? []), parse(text)];

/** An option that can be given several times. */
export const repeated = (flags: string, description: string): Option =>
  new Option(flags, `${description} (can be repeated)`).argParser(collected((text) => text));

export function statusOption(allowed: readonly string[]): Option {
  const option = new Option("--status <status>", "only runs of this status (can be repeated)").argParser(
    collected((text) => {
      if (!allowed.includes(text)) throw new InvalidArgumentError(`Allowed: ${allowed.join(", ")}.`);
      return text;
    }),
  );
  option.argChoices = [...allowed]; // for --help and completion; `choices` would take only one value
  return option;
}

export const wholeNumber = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => {
    if (!/^\d+$/u.test(text)) throw new InvalidArgumentError("It is a whole number.");
    return Number(text);
  });

/** A time: a date, or how long ago. */
export const timeOption = (flags: string, description: string): Option =>
  new Option(flags, `${description}: a date, or how long ago (3d, 2h)`).argParser((text): Date => {
    const ago = /^\d/u.test(text) && !/^\d{4}-/u.test(text) ? ms(text as StringValue) : undefined;
    const date = ago === undefined ? new Date(text) : new Date(Date.now() - ago);
    if (Number.isNaN(date.getTime()))
      throw new InvalidArgumentError("It is a date such as 2026-01-31, or a duration such as 3d.");
    return date;
  });
