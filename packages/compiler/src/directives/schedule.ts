import { CATCH_UP, closest, OVERLAP, parseDuration, type ScheduleInfo } from "@perdure/protocol";
import type { Argument } from "./arguments.ts";
import { cronProblem } from "./cron.ts";
import { report, type DirectiveProblem } from "./problem.ts";
import { bareNumber, choice, duration, invalid } from "./values.ts";

/** The arguments that say when runs of a workflow begin. */
export const scheduleNames = ["cron", "every", "timezone", "jitter", "catchUp", "overlap"] as const;

type Given = ReadonlyMap<string, Argument>;

export function readSchedule(given: Given, found: DirectiveProblem[]): ScheduleInfo | undefined {
  reportCombinations(given, found);
  const cron = readCron(given.get("cron"), found);
  const every = readEvery(given.get("every"), found);
  const timezone = readTimezone(given.get("timezone"), found);
  const jitter = duration(given.get("jitter"), found, "positive");
  const catchUp = choice(given.get("catchUp"), found, CATCH_UP);
  const overlap = choice(given.get("overlap"), found, OVERLAP);
  const others = {
    ...(jitter !== undefined && { jitter }),
    ...(catchUp !== undefined && { catchUp }),
    ...(overlap !== undefined && { overlap }),
  };
  if (cron !== undefined) return { cron, ...(timezone !== undefined && { timezone }), ...others };
  return every === undefined ? undefined : { every, ...others };
}

function reportCombinations(given: Given, found: DirectiveProblem[]): void {
  const every = given.get("every");
  if (every && given.has("cron")) {
    const advice = "a workflow has one schedule in its directive: remove one of the two";
    report(found, "DIRECTIVE_ARGUMENTS_CONFLICT", { names: ["every"], beside: "cron", advice }, every);
  }
  for (const name of ["timezone", "jitter", "catchUp", "overlap"]) {
    const arg = given.get(name);
    if (!arg || given.has("cron") || (every && name !== "timezone")) continue;
    const params =
      name === "timezone"
        ? { needed: ["cron"], advice: "add when it begins, such as cron='0 6 * * *', or remove the time zone" }
        : { needed: ["cron", "every"], advice: "add when it begins, such as cron='0 6 * * *' or every=1h" };
    report(found, "DIRECTIVE_ARGUMENT_MISSING", { owner: name, ...params }, arg);
  }
}

function readCron(arg: Argument | undefined, found: DirectiveProblem[]): string | undefined {
  if (!arg) return undefined;
  const expression = arg.value.trim();
  const problem = cronProblem(expression);
  if (problem === undefined) return expression;
  return invalid(
    found,
    arg,
    `five parts in quotes, minute, hour, day of month, month and day of week, such as '0 6 * * *' (${problem})`,
  );
}

function readEvery(arg: Argument | undefined, found: DirectiveProblem[]): number | undefined {
  if (!arg) return undefined;
  const { value } = arg;
  if (bareNumber.test(value))
    return invalid(
      found,
      arg,
      `a time of 1s or more with its unit: write ${value}s for seconds, or ${value}m for minutes`,
    );
  const every = parseDuration(value);
  return every !== undefined && every >= 1000
    ? every
    : invalid(found, arg, "a time of 1s or more, such as 30s, 15m, 1h, 1d");
}

function readTimezone(arg: Argument | undefined, found: DirectiveProblem[]): string | undefined {
  if (!arg) return undefined;
  if (isTimezone(arg.value)) return arg.value;
  const meant = closest(arg.value, Intl.supportedValuesOf("timeZone"));
  const expected = `the name of a time zone, such as Europe/Vienna or UTC${meant === undefined ? "" : `; did you mean ${meant}?`}`;
  return invalid(found, arg, expected, meant);
}

function isTimezone(text: string): boolean {
  // newer versions of Node take offsets such as +01:00 as well, older ones refuse them
  if (!/^[a-z]/i.test(text)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
