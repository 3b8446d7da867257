import { setTimeout as sleep } from "node:timers/promises";
import { Option } from "commander";
import { getRun, listRuns, subscribe, type RunEvent, type RunInfo, type StepInfo } from "perdure";
import type { Terminal } from "../output/terminal.ts";
import { colored, durationOf, relative, statusOf, waitText } from "../output/words.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, Failure, type ExitCode } from "../session/failure.ts";
import { withStore } from "../session/session.ts";
import { UNFINISHED } from "../session/unfinished.ts";
import { headline, safe, toJson, toText } from "@perdure/inspector/show";

interface TailOptions extends CommonOptions {
  readonly all?: boolean;
}

/** Milliseconds between two reads of the store. */
const INTERVAL = 250;
const PAGE = 1_000;

export function addTail(add: Add): void {
  add<TailOptions>(
    "tail [run]",
    "follow a run to its end, or all runs from now on (--all)",
    [new Option("--all", "follow all runs until interrupted")],
    async ([id], options, terminal) => {
      if ((id === undefined) === (options.all !== true))
        throw new Failure(EXIT.usage, "RUN_MISSING", "name a run, or use --all");
      return withStore(options, async () => {
        if (id === undefined) return tailAll(terminal);
        return tailRun(id, terminal);
      });
    },
  );
}

async function tailRun(id: string, terminal: Terminal): Promise<ExitCode> {
  for await (const event of subscribe(id)) {
    printEvent(id, event, terminal);
    if (event.type === "end") return event.status === "completed" ? EXIT.done : EXIT.no;
  }
  return EXIT.done;
}

/** What has been printed about a run. */
interface Told {
  readonly state: string;
  /** Undefined for a run that had ended before: its steps were not read. */
  readonly seq: number | undefined;
  readonly updatedAt: Date;
  readonly restarts: number;
  readonly hasEnded: boolean;
}

/**
 * Follows every run that has not ended, and the latest ones: one of these may be retried, and end again between two reads. What happened before is
 * not printed. Only runs that have changed are read with their steps.
 */
async function tailAll(terminal: Terminal): Promise<never> {
  const seen = new Map<string, Told>();
  for (let isFirst = true; ; isFirst = false, await sleep(INTERVAL)) {
    const latest = await listRuns({ limit: PAGE });
    const runs = new Map([...(await allPages({ status: UNFINISHED })), ...latest].map((run) => [run.id, run]));
    for (const [id, { hasEnded }] of seen) {
      if (runs.has(id)) continue;
      const run = hasEnded ? undefined : await infoOf(id);
      if (run) runs.set(id, run);
      else seen.delete(id);
    }
    for (const run of [...runs.values()].reverse()) await tellRun(run, seen, isFirst, terminal);
    if (isFirst) process.stderr.write("following all runs, until interrupted\n");
  }
}

async function tellRun(run: RunInfo, seen: Map<string, Told>, isFirst: boolean, terminal: Terminal): Promise<void> {
  const { id, status, restarts, updatedAt, blocked } = run;
  const known = seen.get(id);
  const state = JSON.stringify([status, updatedAt, restarts, blocked?.message]);
  const hasEnded = run.endedAt !== undefined;
  if (known?.state === state && status !== "running") return;
  const told = { state, restarts, updatedAt, hasEnded };
  if (isFirst && hasEnded) return void seen.set(id, { ...told, seq: undefined });
  const isSame = known?.restarts === restarts;
  const after = (isSame ? known.seq : undefined) ?? 0;
  const steps = await stepsAfter(id, after);
  seen.set(id, { ...told, seq: steps.at(-1)?.seq ?? after });
  if (isFirst) return;
  const news = isSame && known.seq === undefined ? steps.filter((step) => isAfter(step, known.updatedAt)) : steps;
  for (const step of news) printEvent(id, { type: "step", step }, terminal);
  if (known?.state === state) return;
  if (hasEnded) printEvent(id, await endOf(run), terminal);
  else printEvent(id, { type: "status", status, ...(blocked && { blocked }) }, terminal);
}

const isAfter = ({ finishedAt }: StepInfo, time: Date): boolean => finishedAt !== undefined && finishedAt > time;

/** The finished steps with a higher `seq`. None if the run was deleted meanwhile. */
async function stepsAfter(id: string, after: number): Promise<StepInfo[]> {
  try {
    return (await (await getRun(id)).steps({ after })).filter(({ seq }) => seq !== undefined);
  } catch {
    return [];
  }
}

async function endOf({ id, status, error }: RunInfo): Promise<RunEvent> {
  if (status !== "completed") return { type: "end", status, error };
  return { type: "end", status, output: await (await getRun(id)).output() };
}

async function infoOf(id: string): Promise<RunInfo | undefined> {
  try {
    return await (await getRun(id)).info();
  } catch {
    return undefined; // deleted meanwhile
  }
}

async function allPages(filter: Parameters<typeof listRuns>[0]): Promise<RunInfo[]> {
  const all: RunInfo[] = [];
  for (;;) {
    const page = await listRuns({ ...filter, limit: PAGE, after: all.at(-1)?.cursor });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

function printEvent(run: string, event: RunEvent, terminal: Terminal): void {
  const at = new Date();
  if (terminal.isJson)
    return terminal.print(JSON.stringify({ at: at.toISOString(), run, ...(toJson(event) as object) }));
  const { dim } = terminal.colors;
  const time = terminal.isTerminal ? at.toTimeString().slice(0, 8) : at.toISOString();
  terminal.print(`${dim(time)}  ${safe(run)}  ${eventText(event, terminal)}`);
}

function eventText(event: RunEvent, terminal: Terminal): string {
  const time = (date: Date): string => (terminal.isTerminal ? relative(date) : date.toISOString());
  switch (event.type) {
    case "step":
      return stepText(event.step, terminal);
    case "waiting":
      return `waits for ${event.waitingFor.map((wait) => safe(waitText(wait, time))).join("; ") || "nothing"}`;
    case "progress":
      return `progress ${toText(event.progress)}`;
    case "status":
      return `${colored(terminal, statusOf(event))}${event.blocked ? `: ${safe(event.blocked.message)}` : ""}`;
    case "restarted":
      return "restarted from the top";
    case "end":
      return event.status === "completed"
        ? `${colored(terminal, "completed")} ${toText(event.output)}`
        : `${colored(terminal, event.status)}: ${headline(event.error)}`;
  }
}

function stepText(step: StepInfo, terminal: Terminal): string {
  const { green, red, dim } = terminal.colors;
  const attempts = step.attempts > 1 ? `, ${step.attempts} attempts` : "";
  const took = `${durationOf(step, new Date())}${attempts}`;
  const where = dim(safe(step.location ?? ""));
  const mark = step.state === "failed" ? red("✖") : green("✔");
  const error = step.error === undefined ? "" : `  ${red(headline(step.error))}`;
  return `${mark} ${safe(step.id)}  ${took}  ${where}${error}`.trimEnd();
}
