import type { Option } from "commander";
import { getSchedule, schedules, type ScheduleInfo, type Store } from "perdure";
import { safe, toJson } from "@perdure/inspector/show";
import type { Add } from "../command.ts";
import type { Terminal } from "../output/terminal.ts";
import { colored, relative, statusOf } from "../output/words.ts";
import { EXIT, Failure, type ExitCode } from "../session/failure.ts";
import { readStore, withStore } from "../session/session.ts";

/** What can be done to a schedule, each with what is said then. */
const ACTIONS: Readonly<Record<string, (name: string) => Promise<string>>> = {
  async pause(name) {
    await (await getSchedule(name)).pause();
    return "is paused: no tick starts a run";
  },
  async resume(name) {
    const schedule = await getSchedule(name);
    await schedule.resume();
    const { next } = await schedule.info();
    return next ? `goes on at ${next.toISOString()}` : "has no further tick";
  },
  async run(name) {
    const { id } = await (await getSchedule(name)).trigger();
    return `started ${id}: a worker will execute it`;
  },
  async remove(name) {
    await (await getSchedule(name)).remove();
    return "is removed";
  },
};

/** Milliseconds after which a schedule that is due and does not tick is one that no worker looks after. */
const OVERDUE = 60_000;

export function addSchedules(add: Add): void {
  const none: readonly Option[] = [];
  add(
    "schedules [action] [name...]",
    `list schedules, or do something to some: ${Object.keys(ACTIONS).join(", ")}`,
    none,
    async ([action, ...names], options, terminal) => {
      if (action === undefined)
        return readStore(options, async (store) => list(await withRuns(store, await schedules()), terminal));
      const act = ACTIONS[action];
      if (!act || names.length === 0) throw misused(action);
      return withStore(options, () => each(names, act, terminal));
    },
  );
}

function misused(action: string): Failure {
  const known = Object.keys(ACTIONS);
  const problem = known.includes(action) ? "needs the name of a schedule" : `is none of ${known.join(", ")}`;
  const usage = "perdure schedules pause <name>";
  return new Failure(EXIT.usage, "USAGE", `schedules ${safe(action)}: ${problem}\n  → for example: ${usage}`);
}

/** A schedule that does not exist ends the command. */
async function each(
  names: readonly string[],
  act: (name: string) => Promise<string>,
  terminal: Terminal,
): Promise<ExitCode> {
  for (const name of names) {
    const message = await act(name);
    if (terminal.isJson) terminal.print(JSON.stringify({ schedule: name, done: true, message }));
    else
      terminal.print(`${terminal.isTerminal ? `${terminal.colors.green("✔")} ` : ""}${safe(name)}: ${safe(message)}`);
  }
  return EXIT.done;
}

/** A schedule, and what became of its last run. Nothing is loaded here, so that `missing` says nothing. */
interface Listed extends Omit<ScheduleInfo, "missing"> {
  readonly lastStatus?: string;
}

async function withRuns(store: Store, all: readonly ScheduleInfo[]): Promise<Listed[]> {
  return Promise.all(
    all.map(async ({ missing: _, ...info }) => {
      const run = info.lastRun === undefined ? undefined : await store.getRun(info.lastRun);
      return { ...info, ...(run && { lastStatus: statusOf(run) }) };
    }),
  );
}

function list(all: readonly Listed[], terminal: Terminal): ExitCode {
  if (terminal.isJson) {
    terminal.json(all.map((schedule) => toJson(schedule)));
    return EXIT.done;
  }
  const now = new Date();
  const time = (date: Date | undefined): string =>
    date === undefined ? "" : terminal.isTerminal ? relative(date, now) : date.toISOString();
  const rows = all.map((each) => [
    safe(each.name),
    safe(each.workflow),
    safe(each.expression),
    safe(each.timezone ?? ""),
    time(each.next),
    time(each.last),
    each.lastStatus === undefined || !terminal.isTerminal
      ? (each.lastStatus ?? "")
      : colored(terminal, each.lastStatus),
    noteOf(each, now),
  ]);
  terminal.table(["SCHEDULE", "WORKFLOW", "EXPRESSION", "ZONE", "NEXT", "LAST", "RUN", "NOTE"], rows);
  if (all.length === 0 && terminal.isTerminal) terminal.print("no schedules");
  return EXIT.done;
}

function noteOf({ paused, next, waiting }: Listed, now: Date): string {
  if (paused) return "paused";
  if (next && now.getTime() - next.getTime() > OVERDUE) return "overdue: no worker that runs has its workflow";
  return waiting > 0 ? `${waiting} waiting` : "";
}
