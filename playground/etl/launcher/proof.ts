import { readFileSync } from "node:fs";
import { finishedSteps } from "./checkpoints.ts";
import { begins, readJournal, type Entry } from "./read-journal.ts";
import type { Workplace } from "./workplace.ts";

/** The state of a run right after a SIGKILL. */
export interface Death {
  readonly pid: number;
  /** The step whose execution began last. */
  readonly lastStep: string;
  /** The number of executions begun so far, in all processes. */
  readonly executions: number;
  /** The number of lines in the journal. Later lines were written after the kill. */
  readonly lines: number;
  readonly finished: ReadonlySet<string>;
}

export async function examine({ journal, store }: Workplace, pid: number): Promise<Death> {
  const entries = readJournal(journal);
  const begun = begins(entries);
  return {
    pid,
    lastStep: begun.at(-1)?.step ?? "–",
    executions: begun.length,
    lines: entries.length,
    finished: await finishedSteps(store),
  };
}

/** The journal and the store at the end of a run. */
export interface RunRecord {
  readonly entries: readonly Entry[];
  readonly finished: ReadonlySet<string>;
}

export const recordOf = async ({ journal, store }: Workplace): Promise<RunRecord> => ({
  entries: readJournal(journal),
  finished: await finishedSteps(store),
});

/** Everything that should not have happened, one line each. If it is empty, every finished step was kept and none was executed again. */
export function violations(record: RunRecord, deaths: readonly Death[]): string[] {
  const afterDeaths = deaths.flatMap((death) => [...repeats(death, record), ...losses(death, record)]);
  return [...afterDeaths, ...doubles(record), ...unrecorded(record)];
}

const repeats = (death: Death, { entries }: RunRecord): string[] =>
  begins(entries.slice(death.lines))
    .filter(({ step }) => death.finished.has(step))
    .map(
      ({ step, pid }) =>
        `${step} was finished when process ${death.pid} was killed, and process ${pid} executed it again`,
    );

const losses = (death: Death, { finished }: RunRecord): string[] =>
  [...death.finished].filter((step) => !finished.has(step)).map((step) => `the checkpoint of ${step} is gone`);

/** Between two kills no step may succeed twice. */
function doubles({ entries }: RunRecord): string[] {
  const successes = entries
    .filter(({ event }) => event === "end")
    .map(({ step, pid }) => `process ${pid} finished ${step}`);
  return successes.filter((success, i) => successes.indexOf(success) < i).map((success) => `${success} twice`);
}

const unrecorded = ({ entries, finished }: RunRecord): string[] =>
  [...new Set(entries.map(({ step }) => step))]
    .filter((step) => !finished.has(step))
    .map((step) => `${step} was executed and has no checkpoint`);

export const sameReport = (one: Workplace, other: Workplace): boolean =>
  readFileSync(one.report, "utf8") === readFileSync(other.report, "utf8");
