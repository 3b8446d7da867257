import { createRequire } from "node:module";

type Croner = typeof import("croner");

/** Why text is no cron expression. `undefined` if it is one. */
export function cronProblem(expression: string): string | undefined {
  // croner takes a date for an expression that matches once
  if (expression.includes(":")) return "a date is not a cron expression";
  // only a file with a schedule needs the library
  const { Cron } = createRequire(import.meta.url)("croner") as Croner;
  try {
    const cron = new Cron(expression, { paused: true });
    // a fixed date, so that what a build accepts does not change with time
    return cron.nextRun(new Date(0)) === null ? "no date matches it" : undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .replace("CronPattern: ", "")
      .replace(/\.$/, "");
  }
}
