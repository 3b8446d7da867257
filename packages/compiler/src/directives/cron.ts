import { createRequire } from "node:module";

type Croner = typeof import("croner");

/** Why text is no cron expression of five parts, or six with seconds. `undefined` if it is one. */
export function cronProblem(expression: string): string | undefined {
  const parts = expression.trim() === "" ? [] : expression.trim().split(/\s+/);
  if ((parts.length < 5 || parts.length > 6) && !expression.startsWith("@")) return `it has ${parts.length} parts`;
  // croner takes a date for an expression that matches once
  if (expression.includes(":")) return "a date is not a cron expression";
  // only a file with a schedule needs the library
  const { Cron } = createRequire(import.meta.url)("croner") as Croner;
  try {
    const cron = new Cron(expression, { paused: true, utcOffset: 0, mode: "5-or-6-parts" });
    // a fixed date, so that what a build accepts does not change with time
    return cron.nextRun(new Date(0)) === null ? "no date matches it" : undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .replace("CronPattern: ", "")
      .replace(/\.$/, "");
  }
}
