import { readFileSync } from "node:fs";
import { finishedSteps } from "./checkpoints.ts";
import { begins, readJournal, type Entry } from "./read-journal.ts";
import type { Workplace } from "./workplace.ts";

/** The state of a run at the moment after a SIGKILL. */
export interface Death {
  readonly pid: number;
  /** The step whose execution had begun last. */
  readonly lastStep: string;
  /** Executions that had begun, in all processes so far. */
  readonly executions: number;
  /** Lines of the journal; what stands below them came later. */
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

/** What the journal and the store of a run say at its end. */
export interface RunRecord {
  readonly entries: readonly Entry[];
  readonly finished: ReadonlySet<string>;
}

export const recordOf = async ({ journal, store }: Workplace): Promise<RunRecord> => ({
  entries: readJournal(journal),
  finished: await finishedSteps(store),
});

/** What should not have happened, a line each. Empty: every finished step was kept, and none was executed again. */
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

/** Between two kills there is no excuse for a second success. */
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
