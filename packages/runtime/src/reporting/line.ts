import type { LogLevel } from "../config/logger.ts";
import { headlineOf } from "../values/describe.ts";
import type { RunHappened, RuntimeEvent, StepHappened } from "../config/events.ts";

type Level = Exclude<LogLevel, "silent">;

const runLevels: { readonly [T in RunHappened["type"]]: Level } = {
  started: "info",
  resumed: "info",
  released: "info",
  completed: "info",
  cancelled: "info",
  failed: "error",
  blocked: "error",
  stopped: "error",
  lost: "warn",
};

const stepLevels: { readonly [T in StepHappened["type"]]: Level | undefined } = {
  started: undefined,
  executed: "debug",
  replayed: "debug",
  waiting: "debug",
  failed: "info",
  retrying: "warn",
};

/** The level of an event in the log; undefined for one that it leaves out. */
export const levelOf = ({ subject, type }: Pick<RuntimeEvent, "subject" | "type">): Level | undefined =>
  subject === "run" ? runLevels[type as RunHappened["type"]] : stepLevels[type as StepHappened["type"]];

/** The message of an event in the log. */
export const messageOf = (event: RuntimeEvent): string => (event.subject === "run" ? ofRun(event) : ofStep(event));

/** What a log keeps of an event besides its message. */
export function fieldsOf({ at: _, error, ...event }: RuntimeEvent): Record<string, unknown> {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return { ...event, ...(error !== undefined && { error: headlineOf(error) }), ...(code !== undefined && { code }) };
}

function ofRun({ run, workflow, type, step, location, error, wakeAt, at, createdAt }: RunHappened): string {
  const who = `run ${run} of the workflow ${workflow}`;
  const why = error === undefined ? "" : `: ${headlineOf(error)}`;
  switch (type) {
    case "failed":
      return `${who} failed${step === undefined ? "" : ` at ${step}`}${placeOf(location)}${why}`;
    case "blocked":
      return `${who} is blocked${why}`;
    case "stopped":
      return `${who} stopped, and is tried again${why}`;
    case "lost":
      return `${who} was lost to another process`;
    case "released":
      return `${who} left memory${wakeAt === undefined ? "" : `, until ${wakeAt.toISOString()}`}`;
    case "completed":
    case "cancelled":
      return `${who} ${type === "completed" ? "completed" : "was cancelled"} after ${at.getTime() - createdAt.getTime()} ms${why}`;
    case "started":
    case "resumed":
      return `${who} ${type}`;
  }
}

function ofStep({ type, run, step, attempt, location, error, dueAt }: StepHappened): string {
  const where = `${step} of run ${run}${placeOf(location)}`;
  const why = error === undefined ? "" : `: ${headlineOf(error)}`;
  if (type === "retrying")
    return `attempt ${attempt} of ${where} failed, the next one is at ${dueAt?.toISOString() ?? "?"}${why}`;
  return `${type} ${where}${why}`;
}

const placeOf = (location: string | undefined): string => (location === undefined ? "" : ` (${location})`);
