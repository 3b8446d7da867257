import { Option } from "commander";
import { listRuns, type RunInfo } from "perdure";
import type { Terminal } from "../output/terminal.ts";
import { colored, relative, since, statusOf } from "../output/words.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT } from "../session/failure.ts";
import { readStore } from "../session/session.ts";
import { headline, oneLine, safe, toJson } from "@perdure/inspector/show";
import { repeated, statusOption, STATUSES, timeOption, wholeNumber, type Status } from "./options.ts";

interface RunsOptions extends CommonOptions {
  readonly status?: readonly Status[];
  readonly workflow?: readonly string[];
  readonly tag?: readonly string[];
  readonly search?: string;
  readonly parent?: string;
  readonly schedule?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  readonly after?: string;
  readonly limit?: number;
}

export function addRuns(add: Add): void {
  add<RunsOptions>(
    "runs",
    "list runs, newest first",
    [
      statusOption(STATUSES),
      repeated("--workflow <name>", "only runs of this workflow"),
      repeated("--tag <tag>", "only runs that have this tag"),
      new Option("--search <text>", "only runs whose id contains the text"),
      new Option("--parent <run>", "only children of this run"),
      new Option("--schedule <name>", "only runs that this schedule started"),
      timeOption("--created-after <time>", "only runs created then or later"),
      timeOption("--created-before <time>", "only runs created before"),
      wholeNumber("--limit <count>", "at most so many").default(100),
      new Option("--after <cursor>", "the next page: only runs after this place, which the page before has named"),
    ],
    async (_args, { store, json, tag, ...filter }, terminal) =>
      readStore({ ...(store !== undefined && { store }) }, async () => {
        const runs = await listRuns({ ...filter, ...(tag && { tags: tag }) });
        if (json === true) terminal.json(runs.map((run) => toJson(run)));
        else printRuns(runs, filter, terminal);
        return EXIT.done;
      }),
  );
}

function printRuns(runs: readonly RunInfo[], { limit = 100 }: RunsOptions, terminal: Terminal): void {
  const now = new Date();
  const isForPeople = terminal.isTerminal;
  const time = (date: Date): string => (isForPeople ? relative(date, now) : date.toISOString());
  const rows = runs.map((run) => [
    isForPeople ? colored(terminal, statusOf(run)) : statusOf(run),
    safe(run.id),
    safe(run.workflow),
    time(run.createdAt),
    since(run.createdAt, run.endedAt ?? now),
    noteOf(run, time),
  ]);
  terminal.table(["STATUS", "RUN", "WORKFLOW", "CREATED", "DURATION", "NOTE"], rows);
  if (!isForPeople) return;
  const last = runs.at(-1);
  if (!last) terminal.print("no runs");
  else if (runs.length === limit) terminal.print(terminal.colors.dim(`older ones: --after ${last.cursor}`));
}

/** The most important thing about a run beside its status. */
function noteOf(
  { error, blocked, queue, inLine, wakeAt, progress, status }: RunInfo,
  time: (date: Date) => string,
): string {
  if (blocked) return oneLine(blocked.message);
  if (status === "failed" || status === "cancelled") return headline(error);
  if (inLine) return `in line of ${oneLine(queue?.name ?? "")}`;
  if (progress !== undefined)
    return oneLine(typeof progress === "string" ? progress : JSON.stringify(toJson(progress)));
  return wakeAt ? `until ${time(wakeAt)}` : "";
}
